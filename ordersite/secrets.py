"""The secrets of production: one SecureString in SSM, a JSON object, read once when the process starts."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured

REQUIRED = ("SECRET_KEY", "DATABASE_URL", "ADMIN_PASSWORD")
OPTIONAL = ("SECRET_KEY_FALLBACKS", "ADMIN_USERNAME", "ADMIN_EMAIL")

Secrets = dict[str, str]


def read_secrets(parameter: str, *, region: str) -> Secrets:
    """The settings in this SSM parameter: all of REQUIRED and any of OPTIONAL.

    Raises ImproperlyConfigured if the parameter cannot be read or contains anything else. The message names the
    parameter and no value.
    """
    # Imported only by a process that reads a parameter, because the import is slow.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    ssm = boto3.client("ssm", region_name=region, config=Config(connect_timeout=2, read_timeout=4))
    try:
        reply = ssm.get_parameter(Name=parameter, WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        raise _refusal(parameter, f"does not exist in {region}. Create it as described in docs/operations.md") from None
    except (BotoCoreError, ClientError) as error:
        raise _refusal(parameter, f"cannot be read: {error}") from None
    return parse_secrets(parameter, reply["Parameter"]["Value"])


def parse_secrets(parameter: str, text: str) -> Secrets:
    """The settings in `text`. Raises ImproperlyConfigured as `read_secrets` does."""
    try:
        found = json.loads(text)
    except ValueError as error:
        # `from None`, because the chained exception contains the document.
        raise _refusal(parameter, f"is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise _refusal(parameter, f"is not a JSON object but a {type(found).__name__}")
    _check(parameter, found)
    return found


def _check(parameter: str, found: dict[str, Any]) -> None:
    wrong = [name for name, value in found.items() if not isinstance(value, str) or not value]
    if wrong:
        raise _refusal(parameter, f"must contain non-empty strings only; check {', '.join(sorted(wrong))}")
    unknown = sorted(found.keys() - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise _refusal(parameter, f"contains unknown settings: {', '.join(unknown)}")
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise _refusal(parameter, f"lacks {', '.join(missing)}")


def _refusal(parameter: str, what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"The SSM parameter {parameter} {what}.")

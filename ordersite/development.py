"""The environment of a developer's machine: whether this is one, and how to reach a DynamoDB engine on it.

Standard library only, because `make run` uses it too, before there is any Django. A process in production calls
`is_development` and nothing else.
"""

import os
from collections.abc import Mapping, MutableMapping
from urllib.parse import urlsplit

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
ENDPOINTS = (ENDPOINT, "AWS_ENDPOINT_URL")
"""The variables that name an engine, in the order in which botocore looks at them."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def is_development(variables: Mapping[str, str]) -> bool:
    """Whether `.env` and `.local/env` count."""
    return not variables.get("SECRET_KEY") and not variables.get("SSM_PARAMETER")


def named_engine(variables: Mapping[str, str]) -> str | None:
    """The endpoint that `variables` name; an empty one is none."""
    return next((variables[name] for name in ENDPOINTS if variables.get(name)), None)


def settle_engine(variables: MutableMapping[str, str]) -> None:
    """Leave the named engine, if there is one, in ENDPOINT, so that no later source names another.

    An empty variable is removed: botocore reads it as Amazon's own endpoint.
    """
    endpoint = named_engine(variables)
    for name in ENDPOINTS:
        if not variables.get(name):
            variables.pop(name, None)
    if endpoint:
        variables[ENDPOINT] = endpoint


def shield(variables: MutableMapping[str, str]) -> None:
    """Make the engine that `variables` name the one that is reached, whatever else this shell has exported.

    Any named engine: AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and its line in ~/.aws/config cannot divert calls to Amazon.
    An engine on this machine needs no account, region, profile, AWS file or proxy, so of the AWS_ variables only
    AWS_REGION, a setting of ours, remains. May be called again.
    """
    settle_engine(variables)
    endpoint = variables.get(ENDPOINT)
    if not endpoint:
        return
    if is_local(endpoint):
        for name in [name for name in variables if name.startswith("AWS_") and name != "AWS_REGION"]:
            del variables[name]
        if not variables.get("AWS_REGION"):
            variables.pop("AWS_REGION", None)
        variables.update({ENDPOINT: endpoint, **KEYS, **NO_FILES})
        _go_past_proxies(variables)
    variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false"


def is_http_url(text: str) -> bool:
    """Whether botocore and urllib3 would take `text` for the address of an engine."""
    try:
        address = urlsplit(text)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number, or brackets that do not match
        return False


def is_local(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in LOOPBACK


def _go_past_proxies(variables: MutableMapping[str, str]) -> None:
    given = next((variables[name] for name in ("no_proxy", "NO_PROXY") if variables.get(name)), "")
    hosts = [host for host in given.split(",") if host and host not in LOOPBACK]
    variables["NO_PROXY"] = variables["no_proxy"] = ",".join([*hosts, *LOOPBACK])

"""The environment of the app on a developer's machine, and the file from which a second terminal reads it."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local import PROJECT
from local.errors import LocalError
from ordersite import development
from ordersite.development import ENDPOINT, ENDPOINTS

PYTHON_ALLOWED = {
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONIOENCODING",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
}
"""The variables of Python that do not affect which code it loads."""

EXCLUDED = {"COLLECTED_STATIC", "DJANGO_SETTINGS_MODULE", "HTTPS_ONLY", "SSM_PARAMETER", "STATIC_URL"}
"""Variables of other projects, and settings for production only."""

DOWNLOAD_OPTIONS = {
    "pip_": {
        *("cache_dir", "cert", "client_cert", "config_file", "default_timeout", "extra_index_url", "find_links"),
        *("index_url", "keyring_provider", "no_index", "proxy", "retries", "timeout", "trusted_host"),
    },
    "npm_config_": {
        *("ca", "cafile", "cert", "globalconfig", "https_proxy", "key", "noproxy", "proxy", "registry", "strict_ssl"),
        *("fetch_retries", "fetch_timeout", "userconfig"),
    },
}
"""The options of pip and npm for where and how to download."""


def own_endpoint(variables: Mapping[str, str] = os.environ, file: Path = PROJECT / ".env") -> str | None:
    """The engine that the developer has configured in the environment or in `.env`, if any.

    An empty variable overrides the one of the same name in `.env`. Raises LocalError for an invalid address and
    for Amazon's DynamoDB, which must not get demo orders.
    """
    endpoint = development.named_engine({**_read(file), **variables})
    if endpoint and not development.is_http_url(endpoint):
        raise LocalError(
            f"{endpoint!r} is not a URL of a DynamoDB engine like http://127.0.0.1:8000: "
            f"correct it, or unset {' and '.join(ENDPOINTS)} to use the embedded engine."
        )
    if endpoint and (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        raise LocalError(
            f"{endpoint} is Amazon's DynamoDB, and `make run` would add demo orders to it: "
            f"unset {' and '.join(ENDPOINTS)} to use the embedded engine."
        )
    return endpoint


def require_listening(endpoint: str) -> None:
    """Raises LocalError if nothing listens at `endpoint`, with a clearer message than the app's."""
    address = urlsplit(endpoint)
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    try:
        socket.create_connection((address.hostname or "", port), timeout=5).close()
    except OSError as error:
        raise LocalError(
            f"No DynamoDB engine is running at {endpoint} ({error}): start it, or unset {' and '.join(ENDPOINTS)} "
            "to use the embedded engine."
        ) from None


def for_app(endpoint: str, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a process of the app that uses the engine at `endpoint`."""
    environment = for_python({name: value for name, value in variables.items() if name not in EXCLUDED})
    environment.update(_settings(endpoint))
    development.enforce_engine(environment)
    return environment


def for_python(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a Python program of this project, without variables that make Python load other code."""
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON") or name in PYTHON_ALLOWED}


def for_packages(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of pip and npm. Of their options, only DOWNLOAD_OPTIONS remain."""
    environment = for_python(variables)
    allowed = {name: value for name, value in environment.items() if not _is_excluded(name.lower())}
    return {**allowed, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "NO_UPDATE_NOTIFIER": "1"}


def _is_excluded(name: str) -> bool:
    return any(
        name.startswith(prefix) and name.removeprefix(prefix) not in allowed
        for prefix, allowed in DOWNLOAD_OPTIONS.items()
    )


def write_file(path: Path, endpoint: str) -> None:
    """Write the file that the settings read, so that `manage.py` in another terminal uses the same engine."""
    lines = [f"{name}={value}\n" for name, value in _settings(endpoint).items()]
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(
        "# Written by `make run`. Put your own settings into .env, which takes precedence.\n" + "".join(lines)
    )
    temporary.replace(path)


def _settings(endpoint: str) -> dict[str, str]:
    return {"DEBUG": "true", ENDPOINT: endpoint}


def _read(file: Path) -> dict[str, str]:
    """The variables of an .env file with one simple assignment per line."""
    if not file.is_file():
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in file.read_text().splitlines())
    return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}

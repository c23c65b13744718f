"""The environment of the app on a developer's machine, and the file from which a second terminal reads it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
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
    *("pip_cache_dir", "pip_cert", "pip_client_cert", "pip_config_file", "pip_default_timeout", "pip_extra_index_url"),
    *("pip_find_links", "pip_index_url", "pip_keyring_provider", "pip_no_index", "pip_proxy", "pip_retries"),
    *("pip_timeout", "pip_trusted_host"),
    *("npm_config_ca", "npm_config_cafile", "npm_config_cert", "npm_config_fetch_retries", "npm_config_fetch_timeout"),
    *("npm_config_globalconfig", "npm_config_https_proxy", "npm_config_key", "npm_config_noproxy", "npm_config_proxy"),
    *("npm_config_registry", "npm_config_strict_ssl", "npm_config_userconfig"),
}
"""The options of pip and npm for where and how to download."""


def own_endpoint(variables: Mapping[str, str] = os.environ, file: Path = PROJECT / ".env") -> str | None:
    """The engine that the developer has configured in the environment or in `.env`, if any.

    An empty variable overrides the one of the same name in `.env`. Raises LocalError for an invalid address and
    for Amazon's DynamoDB, which must not get demo orders.
    """
    endpoint = development.named_engine({**read_file(file), **variables})
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
    allowed = {
        name: value
        for name, value in for_python(variables).items()
        if not name.lower().startswith(("pip_", "npm_config_")) or name.lower() in DOWNLOAD_OPTIONS
    }
    return {**allowed, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "NO_UPDATE_NOTIFIER": "1"}


def write_file(path: Path, endpoint: str) -> None:
    """Write the file that the settings read, so that `manage.py` in another terminal uses the same engine."""
    lines = [f"{name}={value}\n" for name, value in _settings(endpoint).items()]
    path.write_text(
        "# Written by `make run`. Put your own settings into .env, which takes precedence.\n" + "".join(lines)
    )


def _settings(endpoint: str) -> dict[str, str]:
    return {"DEBUG": "true", ENDPOINT: endpoint}


def read_file(file: Path) -> dict[str, str]:
    """The variables in an .env file, which may be missing, read as the settings read it."""
    from environ import Env  # noqa: PLC0415 - set-up uses this module before any package is installed

    class FileOnly(Env):  # type: ignore[misc] # it has no stubs
        ENVIRON: ClassVar[dict[str, str]] = {}

    FileOnly.read_env(file)
    return FileOnly.ENVIRON

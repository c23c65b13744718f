"""The environment that the app gets on a developer's machine, and the file that hands it to a second terminal."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local import PROJECT
from local.errors import LocalEngineError

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
ENDPOINTS = (ENDPOINT, "AWS_ENDPOINT_URL")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}

MISLEADING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
"""They would send the app to files that need not exist, or past the engine to Amazon's."""


def own_endpoint(variables: Mapping[str, str] = os.environ, file: Path = PROJECT / ".env") -> str | None:
    """The engine that the developer named, in the environment or else in `.env`; None when there is none.

    Raises LocalEngineError for Amazon's own, which is no place for demo orders.
    """
    named = {**_read(file), **variables}
    endpoint = next((named[name] for name in ENDPOINTS if named.get(name)), None)
    if endpoint and (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        raise LocalEngineError(
            f"{endpoint} is Amazon's own DynamoDB, and `make run` would fill it with demo orders: "
            f"unset {' and '.join(ENDPOINTS)} to use the embedded engine."
        )
    return endpoint


def require_listening(endpoint: str) -> None:
    """Raises LocalEngineError when there is nobody to talk to: sooner, and in plainer words, than the app would."""
    address = urlsplit(endpoint)
    try:
        port = address.port or {"http": 80, "https": 443}[address.scheme]
        socket.create_connection((address.hostname or "", port), timeout=5).close()
    except (KeyError, OSError, ValueError) as error:
        raise LocalEngineError(
            f"Nothing answers at {endpoint} ({error}): start that engine, or unset {' and '.join(ENDPOINTS)} "
            "to use the embedded one."
        ) from None


def for_app(endpoint: str, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The whole environment of a process of the app that uses the engine at `endpoint`."""
    environment = {**variables, **_settings(endpoint)}
    if not _is_here(endpoint):
        return environment
    for name in MISLEADING:
        environment.pop(name, None)
    # A proxy of the company's is no way to reach this machine.
    outside = [environment[name] for name in ("NO_PROXY", "no_proxy") if environment.get(name)][:1]
    environment["NO_PROXY"] = environment["no_proxy"] = ",".join([*outside, *LOOPBACK])
    return environment


def write_file(path: Path, endpoint: str) -> None:
    """So that `manage.py` typed in another terminal reaches the same engine; settings read it."""
    lines = [f"{name}={value}\n" for name, value in _settings(endpoint).items()]
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(
        "# Written by `make run`. Your own settings go into .env, which comes first.\n" + "".join(lines)
    )
    temporary.replace(path)


def _settings(endpoint: str) -> dict[str, str]:
    return {"DEBUG": "true", ENDPOINT: endpoint, **(KEYS if _is_here(endpoint) else {})}


def _is_here(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in LOOPBACK


def _read(file: Path) -> dict[str, str]:
    """The simple lines of a file of settings; only the names above are looked up in it."""
    if not file.is_file():
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in file.read_text().splitlines())
    return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}

"""The API as in production, with gunicorn, PostgreSQL, collected static files and HTTPS only; and DynamoDB Local."""

import http.client
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.servers import PROJECT, free_port, gunicorn, postgresql

SHIPPED = ("accounts", "orders", "ordersite", "templates", "manage.py", "gunicorn.conf.py")
THROUGH_THE_PROXY = {"X-Forwarded-Proto": "https"}
"""What a proxy that ends TLS adds to a request."""


@dataclass(frozen=True)
class Production:
    url: str
    read_write_key: str
    read_only_key: str
    log: Path
    document: Path
    """The document at /schema."""


@contextmanager
def production(folder: Path, engine: str) -> Iterator[Production]:
    """Serve a copy of the project from `folder` until the block ends."""
    for name in SHIPPED:
        if (PROJECT / name).is_dir():
            # Another process may be writing bytecode.
            shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, folder / name)
    port = free_port()
    with postgresql() as database:
        environment = _environment(port, engine, database)
        for command in ("collectstatic --noinput", "migrate --noinput", "create_orders_table"):
            _manage(folder, environment, *command.split())
        keys = [
            _manage(folder, environment, "create_api_key", "--name", *arguments).strip()
            for arguments in (("shop",), ("report", "--read-only"))
        ]
        log = folder / "gunicorn.log"
        with gunicorn(environment, log, is_up=lambda: _responds(port), folder=folder):
            document = folder / "schema.json"
            document.write_bytes(_get(port, "/schema", Authorization=f"Api-Key {keys[1]}"))
            yield Production(f"http://127.0.0.1:{port}", *keys, log, document)


def _environment(port: int, engine: str, database: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": database,
        "ALLOWED_HOSTS": "127.0.0.1",
        "BIND": f"127.0.0.1:{port}",
        "COLLECTED_STATIC": "true",
        "HTTPS_ONLY": "true",
        "LOG_JSON": "true",
        # Thousands of requests from one address: the limits have tests of their own.
        "ORDERS_API_RATE": "1000000/min",
        "ORDERS_AUTH_FAILURE_RATE": "1000000/min",
        "ORDERS_TABLE": f"Orders-{port}",
        "AWS_ENDPOINT_URL_DYNAMODB": engine,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "ap-south-1",
    }


def _manage(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _responds(port: int) -> bool:
    try:
        return bool(_get(port, "/lifecycle"))
    except OSError:
        return False


def _get(port: int, path: str, **headers: str) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={**THROUGH_THE_PROXY, **headers})
        reply = connection.getresponse()
        assert reply.status == http.HTTPStatus.OK, reply.read()
        return reply.read()

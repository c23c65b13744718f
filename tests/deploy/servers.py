"""Servers for the tests: PostgreSQL, gunicorn and an emulated AWS, each on its own port and in its own folder."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import psycopg
from psycopg import sql

from local import ROOT, setup
from local.postgresql_server import free_port, postgresql_server, stop

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
REGION = "ap-south-1"
ACCOUNT = "123456789012"
TIMEOUT_SECONDS = 60.0
PATH = "/usr/local/bin:/usr/bin:/bin"
# A package contains about 8,000 files and is unpacked several times, which takes half as long in memory.
MEMORY = Path("/dev/shm")  # noqa: S108 (each use creates its own folder with a random name)
SCRATCH = str(MEMORY) if os.access(MEMORY, os.W_OK) else tempfile.gettempdir()


@contextmanager
def unresponsive_server() -> Iterator[str]:
    """The address of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def wait_until(condition: Callable[[], bool], *, what: str, timeout: float = TIMEOUT_SECONDS) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout:.0f} s"
        time.sleep(0.2)


@contextmanager
def gunicorn(
    environment: dict[str, str],
    log: Path,
    *,
    is_up: Callable[[], bool],
    command: Sequence[str | Path] = (sys.executable, "-m", "gunicorn"),
    folder: Path = PROJECT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs gunicorn, with its output in `log`, and waits until `is_up` returns True."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "ordersite.wsgi"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(is_up, what="gunicorn's start")
        yield process
    finally:
        stop(process)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database. Fails if there is no PostgreSQL."""
    with postgresql_server() as server:
        yield server.url


def create_database(server: str, name: str) -> str:
    """Create an empty database on the server of this URL. Returns its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{server.rpartition('/')[0]}/{name}"


# --- AWS --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aws:
    """MiniStack, which enforces the policies of roles."""

    endpoint: str
    record: Path

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an operator. Inherits no variables, because MiniStack would pass them on to functions."""
        return {
            "PATH": PATH,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "operators-secret",
            "AWS_DEFAULT_REGION": REGION,
            "TMPDIR": SCRATCH,
            # Zappa queries PyPI for a newer version at each start. Nothing listens on this port.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="operator",
            aws_secret_access_key="operators-secret",
        )

    def calls_by(self, role: str) -> list[dict[str, Any]]:
        """Each call made with this role's credentials: `action`, `resource`, and whether it was `allowed`."""
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [line for line in lines if f":assumed-role/{role}/" in line["by"]]


@contextmanager
def aws(folder: Path) -> Iterator[Aws]:
    with tempfile.TemporaryDirectory(prefix="ordersite-aws-", dir=SCRATCH) as scratch:
        yield from _aws(folder, scratch)


def _aws(folder: Path, scratch: str) -> Iterator[Aws]:
    python = _ministack_python()
    port = free_port()
    site = Aws(f"http://127.0.0.1:{port}", folder / "record")
    site.record.touch()
    environment = {
        "PATH": PATH,
        "HOME": str(folder),
        "TMPDIR": scratch,
        "S3_DATA_DIR": str(folder / "s3"),
        "ROLE_RECORD": str(site.record),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # The host name of a real gateway, because Zappa depends on it.
        "MINISTACK_HOST": f"{REGION}.amazonaws.com",
        "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": "operators-secret",
    }
    with (folder / "ministack.log").open("wb") as log:
        server = subprocess.Popen(
            [python, HERE / "ministack_launcher.py"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _is_up(site, server), what="MiniStack's start")
        yield site
    finally:
        stop(server)


def _is_up(site: Aws, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "MiniStack ended by itself"
    with suppress(OSError), urlopen(f"{site.endpoint}/_ministack/health", timeout=2) as reply:  # noqa: S310
        return bool(reply.status == 200)
    return False


def _ministack_python() -> Path:
    """The Python of MiniStack's virtual environment, in the version of this process, because it runs the functions."""
    home = ROOT / "ministack-{}.{}".format(*sys.version_info)
    setup.ensure(home, [HERE / "ministack.txt"])
    return home / "bin" / "python"

"""A PostgreSQL server with an empty database, for tests."""

import getpass
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from local import child
from local.errors import LocalError
from local.postgresql import PROGRAMS, fetch_postgresql, find_postgresql

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
POLL_INTERVAL = 0.2

WAIT = ["tail", "-f", "/dev/null"]
"""A command that runs until it is stopped."""


class Program(NamedTuple):
    """The command that runs a server, its folder, and the account for `subprocess`."""

    command: list[Any]
    folder: Path
    account: dict[str, Any]

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True, **self.account
            )


@dataclass
class Postgresql:
    """A server and the URL of an empty database on it."""

    url: str
    process: subprocess.Popen[bytes]
    program: Program

    def restart(self) -> None:
        """Start the server, which has been stopped, with its data. Raises LocalError if it does not start."""
        self.process = self.program.start()
        _wait_until_accepting(self.url)


@contextmanager
def postgresql_server() -> Iterator[Postgresql]:
    """A server for the block, which the block may stop. Raises LocalError if there is no PostgreSQL.

    If this process is killed, the server ends within two minutes: it checks every minute whether its folder exists.
    """
    folder = Path(tempfile.mkdtemp(prefix="ordersite-pg-", dir="/tmp"))
    with child.running(WAIT, cwd=folder, temporary=folder):
        yield from _server(folder)


def _server(folder: Path) -> Iterator[Postgresql]:
    # PostgreSQL refuses to run as root.
    account = _unprivileged() if os.geteuid() == 0 else None
    user: dict[str, Any] = (
        {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
    )
    owner = account or getpass.getuser()
    shutil.chown(folder, owner)
    password, port = secrets.token_urlsafe(12), free_port()
    programs = _programs(folder, owner)
    _initialize(programs, folder, password, owner, user)
    options: list[Any] = ["-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    program = Program([programs / "postgres", *options], folder, user)
    server = Postgresql(f"postgres://orders:{password}@127.0.0.1:{port}/postgres", program.start(), program)
    try:
        _wait_until_accepting(server.url)
        yield server
    finally:
        stop(server.process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(process: subprocess.Popen[Any]) -> None:
    """End the process and all processes in its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _unprivileged() -> str:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise LocalError("There is no unprivileged user for PostgreSQL to run as.")


def _programs(folder: Path, owner: str) -> Path:
    """The folder of PostgreSQL's programs. Fetched ones are copied, because `owner` may not enter the project's."""
    if found := find_postgresql():
        return found
    copy = folder / "programs"
    shutil.copytree(fetch_postgresql(), copy, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (copy, *copy.rglob("*")):
        shutil.chown(path, owner)
    return copy / PROGRAMS


def _initialize(programs: Path, folder: Path, password: str, owner: str, user: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(password)
    shutil.chown(secret, owner)
    options = ["-U", "orders", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    command: list[Any] = [programs / "initdb", "-D", folder / "data", *options, "--encoding=UTF8", "--no-locale"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)


def _wait_until_accepting(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _accepts(url):
        if time.monotonic() > deadline:
            raise LocalError(f"PostgreSQL did not start within {START_TIMEOUT:.0f} s.")
        time.sleep(POLL_INTERVAL)


def _accepts(url: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(url).close()
        return True
    return False

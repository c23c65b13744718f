"""The web server that `make run` supervises: its port, its process and whether it answers."""

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from local import PROJECT
from local.errors import LocalEngineError

HOST = "127.0.0.1"
START_PATIENCE = 60.0
STOP_PATIENCE = 10.0
PAUSE = 0.1
HIGHEST_PORT = 65535
OK = 200


class PortRefusedError(LocalEngineError):
    """The web port cannot be had."""


class ServerError(LocalEngineError):
    """The web server ended, or does not become healthy."""


def require_free(port: int) -> None:
    """Raises PortRefusedError when another program has the port, or the system keeps it to itself."""
    if refusal := _refusal(port):
        raise refused(port, refusal)


def refused(port: int, why: str) -> PortRefusedError:
    """The refusal of this port, with one that is free."""
    others = [*range(port + 1, HIGHEST_PORT + 1), *range(8000, port)]
    free = next(other for other in others if other > 1023 and not _refusal(other))  # noqa: PLR2004 - the system's own
    return PortRefusedError(f"Port {port} {why}, or choose another: make run PORT={free}")


def _refusal(port: int) -> str:
    with socket.socket() as caller:
        if caller.connect_ex((HOST, port)) == 0:
            return "is taken by another program. Stop it"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            denied = error.errno in (errno.EACCES, errno.EPERM)
            return "needs an administrator's rights. Get them" if denied else "is taken by another program. Stop it"
    return ""


@contextmanager
def serving(port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process; it and all that it started have ended afterwards, also when this process is killed."""
    reading, writing = os.pipe()
    serve = [sys.executable, str(PROJECT / "manage.py"), "runserver", f"{HOST}:{port}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "local.leash", str(reading), *serve],
        cwd=PROJECT,
        env={**environment, "DJANGO_RUNSERVER_HIDE_WARNING": "true"},
        stdin=subprocess.DEVNULL,
        pass_fds=[reading],
        start_new_session=True,  # a Ctrl-C is for the supervisor, which then ends the server in order
    )
    os.close(reading)
    try:
        yield server
    finally:
        os.close(writing)
        _wait_for_end(server)


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    """Raises ServerError when the server ends, or is not healthy in time."""
    deadline = time.monotonic() + START_PATIENCE
    while not _listens(port):
        _require_running(server)
        if time.monotonic() > deadline:
            raise ServerError(f"The web server does not listen after {START_PATIENCE:.0f} s; its output is above.")
        time.sleep(PAUSE)
    while (answer := _health(port)) != str(OK):
        _require_running(server)
        if time.monotonic() > deadline:
            raise ServerError(f"The web server is not healthy (GET /healthz: {answer}); its output is above.")
        time.sleep(10 * PAUSE)
    _require_running(server)  # and it is not another program that answered


def _require_running(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        raise ServerError(f"The web server ended by itself (code {server.returncode}); its output is above.")


def wait_for_end(server: subprocess.Popen[bytes], *, meanwhile: float) -> None:
    """Returns after `meanwhile` seconds. Raises ServerError when the server ends before."""
    with suppress(subprocess.TimeoutExpired):
        server.wait(meanwhile)
    _require_running(server)


def _wait_for_end(server: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        server.wait(STOP_PATIENCE)
    with suppress(ProcessLookupError):  # as it should be: nobody of that group is left
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def _health(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()

"""The web server of `make run`: its port, its process and its health."""

import errno
import http.client
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager, suppress

from local import PROJECT, child
from local.errors import LocalError

HOST = "127.0.0.1"
START_TIMEOUT = 60.0
POLL_INTERVAL = 0.25
LOWEST_USER_PORT = 1024
HIGHEST_PORT = 65535
OK = 200
TAKEN = "is taken by another program. Stop it"


def require_free(port: int) -> None:
    """Raises LocalError, which suggests a free port, if another program or the system has reserved `port`."""
    if refusal := _refusal(port):
        others = [*range(port + 1, HIGHEST_PORT + 1), *range(8000, port)]
        free = next(other for other in others if other >= LOWEST_USER_PORT and not _refusal(other))
        raise LocalError(f"Port {port} {refusal}, or choose another: make run PORT={free}")


def _refusal(port: int) -> str:
    with socket.socket() as caller:
        if caller.connect_ex((HOST, port)) == 0:
            return TAKEN
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: ignore connections that ended
        try:
            probe.bind((HOST, port))
        except OSError as error:
            denied = error.errno in (errno.EACCES, errno.EPERM)
            return "is reserved for the administrator. Run as administrator" if denied else TAKEN
    return ""


def serving(port: int, environment: dict[str, str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The process of the server, which ends with this process."""
    return child.running([sys.executable, "-m", "local.serve", f"{HOST}:{port}"], cwd=PROJECT, env=environment)


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    """Raises LocalError if the server ends, or is not healthy in time."""
    deadline = time.monotonic() + START_TIMEOUT
    while (health := _health(port)) != str(OK):
        _require_running(server)
        if time.monotonic() > deadline:
            raise LocalError(f"The web server is not healthy (GET /healthz: {health}). Its output is above.")
        time.sleep(POLL_INTERVAL)
    _require_running(server)  # the response was not from another program


def _require_running(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        raise LocalError(f"The web server ended with code {server.returncode}. Its output is above.")


def watch(server: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Returns after `seconds`. Raises LocalError if the server ends earlier."""
    with suppress(subprocess.TimeoutExpired):
        server.wait(seconds)
    _require_running(server)


def _health(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()  # or closing the connection resets it, which the server would report on the terminal
        return str(response.status)
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()

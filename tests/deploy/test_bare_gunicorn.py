"""gunicorn without a proxy, and the warnings that it logs when it starts."""

import http.client
import json
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.servers import PROJECT, free_port, gunicorn, wait_until

THREADS = 8
CLIENT = "203.0.113.9"
ENVIRONMENT = {
    "SECRET_KEY": "a-key-of-more-than-fifty-characters-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "127.0.0.1",
    # GET /lifecycle uses neither PostgreSQL nor DynamoDB.
    "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/orders",
    "WEB_CONCURRENCY": "1",
}
REACHABLE = f"gunicorn alone must not be public: {THREADS} half-sent requests block it for everybody"
UNTRUSTED = "TRUSTED_PROXIES is not set, so all clients behind a proxy count as one"


class Server(NamedTuple):
    port: int
    socket: Path
    log: Path


@contextmanager
def started(folder, bind, proxies):
    """Runs gunicorn on addresses with its free port and a socket in its folder until the block ends."""
    server = Server(free_port(), folder / "socket", folder / "log")
    variables = {"BIND": bind.format(port=server.port, socket=server.socket), "TRUSTED_PROXIES": proxies}
    with gunicorn({**ENVIRONMENT, **variables}, server.log, is_up=lambda: status_of(server.port) == 200):
        yield server


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """On a public address and without trusted proxies."""
    with started(tmp_path_factory.mktemp("public"), "0.0.0.0:{port}", "") as server:
        yield server


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """On a local address and without trusted proxies."""
    with started(tmp_path_factory.mktemp("local"), "127.0.0.1:{port}", "") as server:
        yield server


@pytest.fixture(scope="module")
def behind_proxies(tmp_path_factory):
    """On a local address and on a Unix socket, for the proxies on this machine."""
    bind, proxies = "127.0.0.1:{port},unix:{socket}", "127.0.0.1,unix"
    with started(tmp_path_factory.mktemp("proxies"), bind, proxies) as server:
        yield server


def status_of(port, path="/lifecycle", *, timeout=30.0, **headers):
    """The status of a response, or None after a timeout. Write a header's hyphens as underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def half_sent(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    return connection


def test_gunicorn_does_not_start_with_an_invalid_setting_and_logs_one_message():
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "ordersite.wsgi"],
        cwd=PROJECT,
        env={**ENVIRONMENT, "BIND": f"127.0.0.1:{free_port()}", "LOG_LEVEL": "LOUD"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "\nLOG_LEVEL is 'LOUD'; it must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL.\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_half_sent_requests_on_all_threads_block_gunicorn_until_they_are_closed(public):
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(half_sent(public.port))
        assert status_of(public.port, timeout=2) is None
    assert status_of(public.port) == 200


def test_a_start_on_a_public_address_logs_a_warning(public):
    lines = public.log.read_text()
    assert f"Other machines can reach 0.0.0.0:{public.port}. {REACHABLE}" in lines
    assert "docs/operations.md, Behind a proxy" in lines


def test_a_start_on_a_local_address_logs_no_warning(local, behind_proxies):
    for server in (local, behind_proxies):
        assert REACHABLE not in server.log.read_text()


def test_a_start_without_trusted_proxies_logs_a_warning(local, behind_proxies):
    assert UNTRUSTED in local.log.read_text()
    assert UNTRUSTED not in behind_proxies.log.read_text()


def logged_client(server, path):
    """The address in the line of the access log for this path."""
    wait_until(lambda: f"GET {path} " in server.log.read_text(), what="the line of the request")
    (line,) = [line for line in server.log.read_text().splitlines() if f"GET {path} " in line]
    return json.loads(line)["ip"]


@pytest.mark.parametrize(("fixture", "logged"), [("behind_proxies", CLIENT), ("local", "127.0.0.1")])
def test_the_access_log_shows_the_client_that_a_trusted_proxy_names(request, fixture, logged):
    server = request.getfixturevalue(fixture)
    assert status_of(server.port, "/sent/by/a/proxy", X_Forwarded_For=f"198.51.100.7, {CLIENT}") == 404
    assert logged_client(server, "/sent/by/a/proxy") == logged


# In a process of its own, because the process of the tests may connect only to loopback addresses.
SEND_TO_SOCKET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    lines = "GET /to/a/socket HTTP/1.1", "Host: 127.0.0.1", "X-Forwarded-For: 203.0.113.9", "Connection: close", "", ""
    connection.sendall("\\r\\n".join(lines).encode())
    print(connection.makefile().readline())
"""


def test_a_proxy_at_a_unix_socket_names_the_client(behind_proxies):
    command = [sys.executable, "-c", SEND_TO_SOCKET, behind_proxies.socket]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("HTTP/1.1 404")
    assert logged_client(behind_proxies, "/to/a/socket") == CLIENT

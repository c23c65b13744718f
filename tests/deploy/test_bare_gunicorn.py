"""gunicorn without a proxy, and the warnings that it logs when it starts."""

import http.client
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from tests.deploy.servers import PROJECT, free_port, gunicorn, wait_until

THREADS = 8
ENVIRONMENT = {
    "SECRET_KEY": "a-key-of-more-than-fifty-characters-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "127.0.0.1",
    # GET /lifecycle uses neither PostgreSQL nor DynamoDB.
    "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/orders",
    "WEB_CONCURRENCY": "1",
}
REACHABLE = f"gunicorn alone must not be public: {THREADS} half-sent requests block it for everybody"
UNTRUSTED = "TRUSTED_PROXIES is not set, so all clients behind a proxy count as one"


@contextmanager
def started(folder, **changed):
    """Runs gunicorn. Yields its port and log when it is ready for requests."""
    port, log = free_port(), folder / "log"
    bind = changed.pop("bind", "127.0.0.1:{}").format(port)
    with gunicorn({**ENVIRONMENT, "BIND": bind, **changed}, log, is_up=lambda: status_of(port) == 200):
        yield port, log


def status_of(port, *, timeout=30.0, **headers):
    """The status of a response, or None after a timeout."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/lifecycle", headers=headers)
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


def test_half_sent_requests_on_all_threads_block_gunicorn_until_they_are_closed(tmp_path):
    with started(tmp_path) as (port, _):
        with ExitStack() as stack:
            for _ in range(THREADS):
                stack.enter_context(half_sent(port))
            assert status_of(port, timeout=2) is None
        assert status_of(port) == 200


def test_a_start_on_a_public_address_logs_a_warning(tmp_path):
    with started(tmp_path, bind="0.0.0.0:{}") as (port, log):
        lines = log.read_text()
    assert f"Other machines can reach 0.0.0.0:{port}. {REACHABLE}" in lines
    assert "docs/operations.md, Behind a proxy" in lines


@pytest.mark.parametrize("bind", ["127.0.0.1:{}", "127.0.0.1:{},unix:{folder}/socket"])
def test_a_start_on_a_local_address_logs_no_warning(tmp_path, bind):
    with started(tmp_path, bind=bind.replace("{folder}", str(tmp_path))) as (_, log):
        assert REACHABLE not in log.read_text()


@pytest.mark.parametrize(("proxies", "is_logged"), [("", True), ("127.0.0.1", False)])
def test_a_start_without_trusted_proxies_logs_a_warning(tmp_path, proxies, is_logged):
    with started(tmp_path, TRUSTED_PROXIES=proxies) as (_, log):
        assert (UNTRUSTED in log.read_text()) == is_logged


@pytest.mark.parametrize(("proxies", "shown"), [("127.0.0.1", "203.0.113.9"), ("", "127.0.0.1")])
def test_the_access_log_shows_the_client_that_a_trusted_proxy_names(tmp_path, proxies, shown):
    with started(tmp_path, TRUSTED_PROXIES=proxies) as (port, log):
        assert status_of(port, **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}) == 200
        wait_until(lambda: f'"ip": "{shown}"' in log.read_text().splitlines()[-1], what="the line of the request")


# In a process of its own, because the process of the tests may connect only to loopback addresses.
SEND_TO_SOCKET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    lines = "GET /lifecycle HTTP/1.1", "Host: 127.0.0.1", "X-Forwarded-For: 203.0.113.9", "Connection: close", "", ""
    connection.sendall("\\r\\n".join(lines).encode())
    print(connection.makefile().readline())
"""


def test_a_proxy_at_a_unix_socket_names_the_client(tmp_path):
    path = tmp_path / "socket"
    with started(tmp_path, bind=f"127.0.0.1:{{}},unix:{path}", TRUSTED_PROXIES="unix") as (_, log):
        command = [sys.executable, "-c", SEND_TO_SOCKET, path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("HTTP/1.1 200")
        wait_until(lambda: '"ip": "203.0.113.9"' in log.read_text(), what="the line of the request")

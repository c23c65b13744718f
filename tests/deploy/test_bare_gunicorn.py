"""gunicorn without a proxy, and the warnings that it logs at its start."""

import http.client
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from tests.deploy.servers import PROJECT, end, free_port, wait_until

THREADS = 8
ENVIRONMENT = {
    "SECRET_KEY": "a-key-of-more-than-fifty-characters-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "127.0.0.1",
    # GET /lifecycle asks neither PostgreSQL nor DynamoDB.
    "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/orders",
    "WEB_CONCURRENCY": "1",
}
REACHABLE = f"gunicorn alone must not be public: {THREADS} half-sent requests block it for everybody"
UNTRUSTED = "TRUSTED_PROXIES is not set, so all clients behind a proxy count as one"


@contextmanager
def gunicorn(folder, **changed):
    """A real one, ready for requests: its port and its log."""
    port, log = free_port(), folder / "log"
    bind = changed.pop("bind", "127.0.0.1:{}").format(port)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "ordersite.wsgi"],
            cwd=PROJECT,
            env={**ENVIRONMENT, "BIND": bind, **changed},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answer(port) == 200, what="gunicorn's start")
        yield port, log
    finally:
        end(process)


def answer(port, *, timeout=30.0, **headers):
    """The status of a request; None when there is none in time."""
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


def test_a_wrong_setting_stops_the_start_with_one_sentence():
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


def test_as_many_half_sent_requests_as_threads_block_it_while_they_stay_open(tmp_path):
    with gunicorn(tmp_path) as (port, _):
        with ExitStack() as stack:
            for _ in range(THREADS):
                stack.enter_context(half_sent(port))
            assert answer(port, timeout=2) is None
        assert answer(port) == 200


def test_a_start_that_other_machines_can_reach_logs_a_warning(tmp_path):
    with gunicorn(tmp_path, bind="0.0.0.0:{}") as (port, log):
        lines = log.read_text()
    assert f"Other machines can reach 0.0.0.0:{port}. {REACHABLE}" in lines
    assert "docs/operations.md, Behind a proxy" in lines


@pytest.mark.parametrize("bind", ["127.0.0.1:{}", "127.0.0.1:{},unix:{folder}/socket"])
def test_a_start_that_only_this_machine_can_reach_does_not(tmp_path, bind):
    with gunicorn(tmp_path, bind=bind.replace("{folder}", str(tmp_path))) as (_, log):
        assert REACHABLE not in log.read_text()


@pytest.mark.parametrize(("proxies", "is_said"), [("", True), ("127.0.0.1", False)])
def test_a_start_without_trusted_proxies_says_what_that_means(tmp_path, proxies, is_said):
    with gunicorn(tmp_path, TRUSTED_PROXIES=proxies) as (_, log):
        assert (UNTRUSTED in log.read_text()) == is_said


@pytest.mark.parametrize(("proxies", "shown"), [("127.0.0.1", "203.0.113.9"), ("", "127.0.0.1")])
def test_the_access_log_shows_the_client_that_a_trusted_proxy_names(tmp_path, proxies, shown):
    with gunicorn(tmp_path, TRUSTED_PROXIES=proxies) as (port, log):
        assert answer(port, **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}) == 200
        wait_until(lambda: f'"ip": "{shown}"' in log.read_text().splitlines()[-1], what="the line of the request")


# In a process of its own, because the tests' own may connect to loopback addresses only.
ASK_AT_A_SOCKET = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    lines = "GET /lifecycle HTTP/1.1", "Host: 127.0.0.1", "X-Forwarded-For: 203.0.113.9", "Connection: close", "", ""
    connection.sendall("\\r\\n".join(lines).encode())
    print(connection.makefile().readline())
"""


def test_a_proxy_at_a_unix_socket_names_the_client(tmp_path):
    path = tmp_path / "socket"
    with gunicorn(tmp_path, bind=f"127.0.0.1:{{}},unix:{path}", TRUSTED_PROXIES="unix") as (_, log):
        ask = [sys.executable, "-c", ASK_AT_A_SOCKET, path]
        done = subprocess.run(ask, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("HTTP/1.1 200")
        wait_until(lambda: '"ip": "203.0.113.9"' in log.read_text(), what="the line of the request")

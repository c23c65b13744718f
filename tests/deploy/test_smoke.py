"""The smoke test after a deploy, against working and broken sites."""

import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy import smoke as smoking
from deploy.smoke import SmokeError, smoke
from local.serving import serving

URL = "https://abc.execute-api.ap-south-1.amazonaws.com/prod"
HEALTH = {"status": "ok", "checks": {"dynamodb": "ok", "database": "ok"}}
WORKING = {
    "/prod/healthz": (200, json.dumps(HEALTH)),
    "/prod/lifecycle": (200, "{}"),
    "/prod/orders": (401, "{}"),
    "/prod/admin/login/": (200, '<input type="hidden" name="csrfmiddlewaretoken" value="x">'),
}


class Site(ThreadingHTTPServer):
    """Returns the responses of each path in order and then repeats the last one."""

    daemon_threads = True

    def __init__(self, responses: dict[str, list[tuple[int, str]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.responses = responses
        self.hosts: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.hosts.add(self.headers["Host"])
        responses = self.server.responses[self.path]
        status, text = responses.pop(0) if len(responses) > 1 else responses[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_) -> None:
        """Does not log requests."""


def site(**changed) -> AbstractContextManager[Site]:
    """A site that works except for `changed`, the responses by path."""
    responses = {path: [response] for path, response in WORKING.items()}
    responses |= {f"/prod/{path}": list(replaced) for path, replaced in changed.items()}
    return serving(Site(responses))


def check(served):
    return list(smoke(URL, gateway_address=f"http://127.0.0.1:{served.server_port}"))


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(smoking, "STARTUP_SECONDS", 0.3)
    monkeypatch.setattr(smoking, "PAUSE_SECONDS", 0.05)


def test_a_working_site_passes_every_check():
    with site() as served:
        assert check(served) == [
            f"{URL}/healthz: dynamodb ok, database ok",
            f"{URL}/lifecycle: ok",
            f"{URL}/orders: refuses requests without a key",
            f"{URL}/admin/login/: ok",
        ]
        assert served.hosts == {"abc.execute-api.ap-south-1.amazonaws.com"}


def test_the_check_is_repeated_while_the_site_is_starting():
    with site(healthz=[(502, "not yet"), (503, "not yet"), WORKING["/prod/healthz"]]) as served:
        assert len(check(served)) == 4


def test_a_site_that_stays_unavailable_is_reported_with_its_last_response():
    with site(healthz=[(503, '{"status": "unavailable"}')]) as served, pytest.raises(SmokeError) as failed:
        check(served)
    last = '503, {"status": "unavailable"}'
    assert str(failed.value) == f"{URL}/healthz does not report ok. Last response: {last}. See the log: zappa tail prod"


def test_another_site_at_the_address_is_an_error():
    with (
        site(healthz=[(200, "<html>Welcome</html>")]) as served,
        pytest.raises(SmokeError, match=r"does not report ok\. Last response: 200"),
    ):
        check(served)


def test_a_refused_connection_is_reported():
    with pytest.raises(SmokeError, match=r"does not report ok\. Last response: none, .*refused"):
        list(smoke(URL, gateway_address="http://127.0.0.1:9"))


def test_orders_without_authentication_are_an_error():
    with (
        site(orders=[(200, "{}")]) as served,
        pytest.raises(SmokeError, match=f"{URL}/orders returned 200 instead of 401"),
    ):
        check(served)


def test_a_login_without_a_form_is_an_error():
    with site(**{"admin/login/": [(200, "hello")]}) as served, pytest.raises(SmokeError, match="has no sign-in form"):
        check(served)

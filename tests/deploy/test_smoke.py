"""What the smoke test after a deploy makes of a site that answers, and of one that does not."""

import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy import smoke as smoking
from deploy.smoke import SmokeError, smoke
from tests.serving import serving

URL = "https://abc.execute-api.ap-south-1.amazonaws.com/prod"
HEALTH = {"status": "ok", "checks": {"dynamodb": "ok", "database": "ok"}}
WELL = {
    "/prod/healthz": (200, json.dumps(HEALTH)),
    "/prod/lifecycle": (200, "{}"),
    "/prod/orders": (401, "{}"),
    "/prod/admin/login/": (200, '<input type="hidden" name="csrfmiddlewaretoken" value="x">'),
}


class Site(ThreadingHTTPServer):
    """Answers each path with the next of its answers, and with the last of them from then on."""

    daemon_threads = True

    def __init__(self, answers: dict[str, list[tuple[int, str]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.hosts: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.hosts.add(self.headers["Host"])
        answers = self.server.answers[self.path]
        status, text = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_) -> None:
        """The test says what matters."""


def site(**changed) -> AbstractContextManager[Site]:
    """One that is well but for `changed`: by path, its answers."""
    answers = {path: [answer] for path, answer in WELL.items()}
    answers |= {f"/prod/{path}": list(given) for path, given in changed.items()}
    return serving(Site(answers))


def ask(served):
    return list(smoke(URL, by_way_of=f"http://127.0.0.1:{served.server_port}"))


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(smoking, "PATIENCE", 0.3)
    monkeypatch.setattr(smoking, "PAUSE", 0.05)


def test_a_site_that_is_well_is_said_to_be_line_by_line():
    with site() as served:
        assert ask(served) == [
            f"{URL}/healthz: dynamodb ok, database ok",
            f"{URL}/lifecycle: answers",
            f"{URL}/orders: refuses strangers",
            f"{URL}/admin/login/: shows the form",
        ]
        assert served.hosts == {"abc.execute-api.ap-south-1.amazonaws.com"}


def test_a_site_that_needs_a_moment_is_given_it():
    with site(healthz=[(502, "not yet"), (503, "not yet"), WELL["/prod/healthz"]]) as served:
        assert len(ask(served)) == 4


def test_a_site_that_stays_ill_is_named_with_what_it_said_and_where_to_look():
    with site(healthz=[(503, '{"status": "unavailable"}')]) as served, pytest.raises(SmokeError) as failed:
        ask(served)
    assert str(failed.value) == (
        f'{URL}/healthz still answers 503: {{"status": "unavailable"}}. Look at the log: zappa tail prod.'
    )


def test_a_healthz_that_is_not_ours_is_no_health():
    with site(healthz=[(200, "<html>Welcome</html>")]) as served, pytest.raises(SmokeError, match="still answers 200"):
        ask(served)


def test_nobody_at_the_address_is_said():
    with pytest.raises(SmokeError, match=r"still answers nothing: .*refused"):
        list(smoke(URL, by_way_of="http://127.0.0.1:9"))


def test_orders_that_are_open_to_strangers_are_an_error():
    with site(orders=[(200, "{}")]) as served, pytest.raises(SmokeError, match=f"{URL}/orders answers 200 and not 401"):
        ask(served)


def test_a_login_without_a_form_is_an_error():
    with site(**{"admin/login/": [(200, "hello")]}) as served, pytest.raises(SmokeError, match="shows no form"):
        ask(served)

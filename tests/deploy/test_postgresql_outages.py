"""gunicorn while PostgreSQL is stopped or hangs: every request gets a response with Retry-After."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.postgresql_server import Postgresql, free_port, postgresql_server
from orders import store
from orders.lifecycle import Status
from tests.contract.fault_proxy import FaultProxy, fault_proxy
from tests.contract.fault_proxy import Reply as EngineReply
from tests.contract.order_helpers import placed
from tests.deploy.deployment import PASSWORD, Browser, Gateway, Reply
from tests.deploy.servers import PATH, PROJECT, gunicorn, wait_until

ORDERS = "/dashboard/?status=PENDING"
APPLY = "/dashboard/bulk/apply/"


class Https(Gateway):
    """A client behind a proxy that terminates TLS."""

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        return super().send(method, path, body, X_Forwarded_Proto="https", **headers)


@dataclass
class Site:
    postgresql: Postgresql
    server: Https
    browser: Browser
    key: str

    def stop(self) -> None:
        """Stop PostgreSQL and close its connections at once, as `pg_ctl stop -m immediate` does."""
        self.postgresql.process.send_signal(signal.SIGQUIT)
        self.postgresql.process.wait(60)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Freeze PostgreSQL: the operating system still accepts connections, but there is no response."""
        self.postgresql.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.postgresql.process.send_signal(signal.SIGCONT)


@pytest.fixture
def proxy(engine: str, table: None) -> Iterator[FaultProxy]:
    with fault_proxy(engine) as proxy:
        yield proxy


@pytest.fixture
def site(proxy: FaultProxy, tmp_path: Path) -> Iterator[Site]:
    """A separate site, with an administrator who has signed in and a shop that has a key."""
    with postgresql_server() as postgresql:
        port = free_port()
        environment = {
            "PATH": PATH,
            "SECRET_KEY": "only-for-tests",
            "DATABASE_URL": postgresql.url,
            "ADMIN_PASSWORD": PASSWORD,
            "ALLOWED_HOSTS": "127.0.0.1",
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "BIND": f"127.0.0.1:{port}",
            "WEB_CONCURRENCY": "1",
        }
        manage(environment, "migrate", "--verbosity=0")
        manage(environment, "ensure_admin")
        key = manage(environment, "create_api_key", "--name=shop").strip()
        server = Https(port, f"127.0.0.1:{port}")
        with gunicorn(environment, tmp_path / "gunicorn.log", is_up=lambda: is_up(server)):
            browser = Browser(server)
            page = browser.get("/admin/login/")
            signed_in = browser.post("/admin/login/", page, username="admin", password=PASSWORD, next=ORDERS)
            assert signed_in.status == 302, signed_in.text
            yield Site(postgresql, server, browser, key)


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_up(server: Https) -> bool:
    try:
        return server.send("GET", "/lifecycle").status == 200
    except OSError:
        return False


def check_page(reply: Reply) -> None:
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5"), reply.text
    assert "Temporarily unavailable" in reply.text
    assert "psycopg" not in reply.text


def check_problem(reply: Reply) -> None:
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2"), reply.text
    assert reply.json()["code"] == "database_unavailable"


class Pages:
    """Loads forms before an outage and checks the responses of each URL during it."""

    def __init__(self, site: Site) -> None:
        self.site, self.stranger = site, Browser(site.server)
        self.login, self.orders = self.stranger.get("/admin/login/"), site.browser.get(ORDERS)
        assert (self.login.status, self.orders.status) == (200, 200)

    def check(self) -> None:
        browser, server = self.site.browser, self.site.server
        for path in (ORDERS, "/admin/", "/admin/accounts/user/"):
            check_page(browser.get(path))
        check_page(self.stranger.post("/admin/login/", self.login, username="anna", password="wrong"))
        check_page(browser.post(APPLY, self.orders, action="cancel", seen="one:1"))
        check_problem(server.send("GET", "/orders", Authorization=f"Api-Key {self.site.key}"))
        assert json.loads(server.send("GET", "/healthz").body)["checks"]["database"] == "unavailable"


def test_while_postgresql_is_stopped_every_response_has_retry_after(site: Site) -> None:
    placed()
    pages = Pages(site)
    site.stop()
    pages.check()


def test_while_postgresql_hangs_every_response_has_retry_after(site: Site) -> None:
    placed()
    pages = Pages(site)
    with site.hanging():
        pages.check()
    wait_until(lambda: site.browser.get(ORDERS).status == 200, what="the pages' return")


def test_the_outcome_of_a_bulk_action_is_shown_if_postgresql_stops_during_it(site: Site, proxy: FaultProxy) -> None:
    orders = [placed(), placed()]
    page = site.browser.get(ORDERS)

    def stop(reply: EngineReply) -> EngineReply:
        site.stop()
        return reply

    proxy.change("UpdateItem", stop)
    seen = [f"{order.order_id}:1" for order in orders]
    outcome = site.browser.post(APPLY, page, action="cancel", seen=seen)
    assert outcome.status == 200, outcome.text
    assert outcome.text.count("became CANCELLED") == 2
    assert [store.get(order.order_id).status for order in orders] == [Status.CANCELLED] * 2
    check_page(site.browser.get(ORDERS))


def test_a_nul_character_is_a_bad_request(site: Site) -> None:
    """The admin does not validate filters and ids in the URL, and PostgreSQL refuses NUL characters."""
    for path in (
        "/admin/accounts/user/?username=%00",
        "/admin/accounts/apikey/%00/change/",
        "/admin/axes/accessattempt/?username=%00",
    ):
        reply = site.browser.get(path)
        assert reply.status == 400, path
        assert "a NUL character" in reply.text

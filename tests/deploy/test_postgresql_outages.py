"""gunicorn while PostgreSQL is stopped or hangs: every request gets a response with Retry-After."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from local.postgresql_server import Postgresql, free_port, postgresql_server
from orders import store
from orders.lifecycle import Status
from soak.site import manage_together
from tests.contract.fault_proxy import FaultProxy, fault_proxy
from tests.contract.fault_proxy import Reply as EngineReply
from tests.contract.order_helpers import placed
from tests.deploy.deployment import PASSWORD, Browser, Gateway, Reply
from tests.deploy.servers import PATH, PROJECT, gunicorn, wait_until

ORDERS = "/dashboard/?status=PENDING"
APPLY = "/dashboard/bulk/apply/"
TESTS = 4
"""The tests in this file. Each has its own API key."""


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
    """Of an API client that has sent no request, so gunicorn has not cached the key."""

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


@pytest.fixture(scope="module")
def proxy(engine: str) -> Iterator[FaultProxy]:
    with fault_proxy(engine) as proxy:
        yield proxy


@dataclass
class Servers:
    postgresql: Postgresql
    gunicorn: Https
    unused_keys: list[str]


@pytest.fixture(scope="module")
def servers(proxy: FaultProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
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
        create_keys = [("create_api_key", f"--name=shop-{number}") for number in range(TESTS)]
        made = manage_together(PROJECT, environment, [("migrate", "--verbosity=0"), ("ensure_admin",), *create_keys])
        server, log = Https(port, f"127.0.0.1:{port}"), tmp_path_factory.mktemp("outages") / "gunicorn.log"
        with gunicorn(environment, log, is_up=lambda: is_up(server)):
            yield Servers(postgresql, server, made.split()[-TESTS:])


@pytest.fixture
def site(servers: Servers, proxy: FaultProxy, table: None) -> Site:
    """An administrator has signed in, and PostgreSQL runs, also if the test before has stopped it."""
    if servers.postgresql.process.poll() is not None:
        servers.postgresql.restart()
    proxy.changes.clear()
    browser = Browser(servers.gunicorn)
    wait_until(lambda: browser.get("/admin/login/").status == 200, what="the site's return")
    page = browser.get("/admin/login/")
    signed_in = browser.post("/admin/login/", page, username="admin", password=PASSWORD, next=ORDERS)
    assert signed_in.status == 302, signed_in.text
    return Site(servers.postgresql, servers.gunicorn, browser, servers.unused_keys.pop())


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
        """Send all requests at once, because during some outages each waits for seconds."""
        browser, server = self.site.browser, self.site.server
        pages = [partial(browser.get, path) for path in (ORDERS, "/admin/", "/admin/accounts/user/")]
        pages.append(partial(self.stranger.post, "/admin/login/", self.login, username="anna", password="wrong"))
        pages.append(partial(browser.post, APPLY, self.orders, action="cancel", seen="one:1"))
        with ThreadPoolExecutor(len(pages) + 2) as pool:
            replies = [pool.submit(page) for page in pages]
            listed = pool.submit(server.send, "GET", "/orders", Authorization=f"Api-Key {self.site.key}")
            health = pool.submit(server.send, "GET", "/healthz")
        for reply in replies:
            check_page(reply.result())
        check_problem(listed.result())
        assert json.loads(health.result().body)["checks"]["database"] == "unavailable"


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

"""The pages during an outage of DynamoDB or the user database, and after an unexpected error."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

import pytest
from django.db import OperationalError, connections
from django.db.utils import ConnectionHandler
from django.test import Client
from environ import Env

from orders import stopwatch
from orders.models import Order
from ordersite.settings import DATABASE_OPTIONS
from tests.contract.fault_proxy import Trickle, as_content, aws_error, drop_response
from tests.contract.order_helpers import placed, stored
from tests.dashboard.html_page import Page, get_page

ORDER = "/dashboard/orders/6f9a1c52-0000-4000-8000-000000000001/"
READS = [
    "/dashboard/",
    "/dashboard/?status=PENDING",
    "/dashboard/overview/?count=1",
    "/dashboard/counts/",
    "/dashboard/export.csv",
    ORDER,
    f"{ORDER}raw/",
]
READS += [f"{ORDER}status/?to=CANCELLED&version=1", f"{ORDER}delete/?version=1", "/dashboard/live/?id=one"]
WRITES = {
    f"{ORDER}status/": {"to": "PROCESSING", "version": "1"},
    f"{ORDER}delete/": {"version": "1"},
    "/dashboard/orders/new/": {"token": "6f9a1c52-0000-4000-8000-000000000001", "item": "Teapot", "quantity": "2"},
    "/dashboard/bulk/preview/": {"action": "cancel", "id": "one"},
}
# Technical details that no page may show.
INSIDES = ["Traceback", "boto", "pynamo", "Exception", "Error:", "127.0.0.1", "dynamodb", "sqlite", ".py", "endpoint"]


def check_reticent(response):
    text = response.content.decode()
    assert not [word for word in INSIDES if word.lower() in text.lower()]


@pytest.mark.parametrize("url", READS)
def test_a_page_reports_the_outage_and_retries(anna, no_dynamodb, url, caplog):
    response = anna.get(url)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    page = Page(response)
    assert page.refresh == "5"
    assert page.link("Try again now") == url
    assert "no-store" in response["Cache-Control"]
    assert [record for record in caplog.records if record.getMessage().startswith("DynamoDB is not responding: ")]
    check_reticent(response)


@pytest.mark.parametrize("url", WRITES)
def test_a_form_reports_an_unknown_outcome_and_is_not_retried(anna, no_dynamodb, url):
    response = anna.post(url, WRITES[url])
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    page = Page(response)
    assert page.refresh is None
    assert "Your change may or may not have been saved" in page.text
    assert page.link("Go to orders") == "/dashboard/"
    check_reticent(response)


def test_pages_without_orders_work_without_dynamodb(anna, no_dynamodb):
    assert anna.get("/dashboard/orders/new/").status_code == 200
    assert anna.get("/dashboard/search/?q=teapot").status_code == 404
    assert anna.get("/dashboard/?status=SHIPPED").status_code == 400
    assert anna.get("/admin/").status_code == 200


def test_a_bulk_action_without_dynamodb_reports_on_each_order(anna, no_dynamodb):
    page = Page(anna.post("/dashboard/bulk/apply/", {"action": "cancel", "seen": ["one:1", "two:1"]}))
    assert "may or may not have changed" in page.text
    assert "was not tried" in page.text


def test_a_page_whose_replies_trickle_in_reports_the_outage(anna, proxy, monkeypatch):
    monkeypatch.setattr(stopwatch, "REQUEST_SECONDS", 0.5)
    proxy.change("Query", *[as_content(Trickle)] * 8)
    assert anna.get("/dashboard/").status_code == 503


def test_the_page_works_again_after_the_outage(anna, proxy):
    placed(item="Teapot")
    proxy.change("Query", aws_error(400, "ThrottlingException"))
    assert anna.get("/dashboard/").status_code == 503
    assert "Teapot" in get_page(anna, "/dashboard/").text


def test_a_change_whose_response_was_lost_can_be_repeated(anna, proxy):
    order = placed()
    proxy.change("UpdateItem", drop_response)
    data = {"to": "PROCESSING", "version": "1"}
    url = f"/dashboard/orders/{order.order_id}/status/"
    assert anna.post(url, data).status_code == 503
    assert stored(order.order_id)["status"] == {"S": "PROCESSING"}
    assert anna.post(url, data).status_code == 302
    assert stored(order.order_id)["version"] == {"N": "2"}


def test_an_order_whose_response_was_lost_is_placed_once_when_the_form_is_sent_again(anna, proxy):
    proxy.change("PutItem", drop_response)
    url = "/dashboard/orders/new/"
    assert anna.post(url, WRITES[url]).status_code == 503
    assert anna.post(url, WRITES[url]).status_code == 302
    assert len(list(Order.scan())) == 1


# --- The database of users --------------------------------------------------------------------------------------------


@pytest.fixture
def patient(sign_in) -> Client:
    """A manager's client that returns error pages instead of raising the error."""
    browser = sign_in("Order managers")
    browser.raise_request_exception = False
    return browser


HTML = {"Accept": "text/html"}
SENTENCE = "The user database is not responding"
STAFF_READS = [*READS, "/dashboard/search/?q=one", "/dashboard/orders/new/", "/admin/", "/admin/accounts/user/"]
STAFF_READS += ["/admin/login/", "/no/such/page/", "/admin/no/such/page/"]
STAFF_WRITES = {
    **WRITES,
    "/dashboard/bulk/apply/": {"action": "cancel", "seen": "one:1"},
    "/admin/login/": {"username": "anna", "password": "wrong"},
    "/admin/logout/": {},
    "/admin/accounts/user/add/": {"username": "otto"},
}


class SilentDatabase(threading.Thread):
    """A server that accepts and counts connections but never responds; or no server."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []

    def run(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self.socket.accept()[0])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for taken in [self.socket, *self.connections]:
            with suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
            taken.close()
        self.join()


@contextmanager
def postgresql_at(port: int) -> Iterator[None]:
    """The relational database is PostgreSQL at this port, with the options that the settings give it."""
    url = f"postgres://orders:secret@127.0.0.1:{port}/orders"
    options = {**DATABASE_OPTIONS["django.db.backends.postgresql"], "connect_timeout": 2}
    settings = {**Env.db_url_config(url), "OPTIONS": options}
    connected = connections["default"]
    connections["default"] = ConnectionHandler({"default": settings})["default"]
    try:
        yield
    finally:
        connections["default"] = connected


@pytest.fixture
def stopped() -> Iterator[None]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with postgresql_at(unused.getsockname()[1]):
            yield


@pytest.fixture
def hanging() -> Iterator[SilentDatabase]:
    with SilentDatabase() as server, postgresql_at(server.socket.getsockname()[1]):
        yield server


def check_database_unavailable(response):
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response["Cache-Control"] == "no-store"
    page = Page(response)
    assert "Temporarily unavailable" in page.text
    assert SENTENCE in page.text
    assert "All orders" not in page.text
    check_reticent(response)
    return page


@pytest.mark.parametrize("url", STAFF_READS)
def test_a_page_without_the_user_database_offers_to_try_again(patient, request, url):
    request.getfixturevalue("stopped")
    page = check_database_unavailable(patient.get(url, headers=HTML))
    assert page.link("Try again") == url


@pytest.mark.parametrize("url", STAFF_WRITES)
def test_a_form_without_the_user_database_reports_an_unknown_outcome(patient, request, url):
    request.getfixturevalue("stopped")
    page = check_database_unavailable(patient.post(url, STAFF_WRITES[url], headers=HTML))
    assert "Your change may or may not have been saved" in page.text
    assert page.link("Go to orders") == "/dashboard/"


@pytest.mark.parametrize("url", ["/dashboard/", "/admin/", "/no/such/page/"])
def test_a_page_queries_a_hanging_database_only_once(patient, request, url):
    server = request.getfixturevalue("hanging")
    check_database_unavailable(patient.get(url, headers=HTML))
    assert len(server.connections) == 1


def test_a_form_queries_a_hanging_database_only_once(patient, request):
    server = request.getfixturevalue("hanging")
    url = "/admin/login/"
    check_database_unavailable(patient.post(url, STAFF_WRITES[url], headers=HTML))
    assert len(server.connections) == 1


def test_a_program_gets_a_problem_document_from_a_staff_page(patient, request, caplog):
    request.getfixturevalue("stopped")
    response = patient.get("/dashboard/live/", headers={"Accept": "*/*"})
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "database_unavailable"
    assert [record for record in caplog.records if record.exc_info and record.levelno == logging.ERROR]


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_the_outcome_of_a_bulk_action_is_shown_without_another_database_query(patient, traffic, action):
    seen = [f"{placed().order_id}:1" for _ in range(2)]
    traffic.clear()

    def stopped_after_the_first_write(execute, *arguments):
        if traffic:
            raise OperationalError("the connection was lost")
        return execute(*arguments)

    with connections["default"].execute_wrapper(stopped_after_the_first_write):
        response = patient.post("/dashboard/bulk/apply/", {"action": action, "seen": seen}, headers=HTML)
    assert response.status_code == 200
    assert "2 orders were changed." in Page(response).text


# --- Unexpected errors ------------------------------------------------------------------------------------------------


def check_server_error(response):
    assert response.status_code == 500
    page = Page(response)
    assert "Something went wrong" in page.text
    assert page.link("Go to orders") == "/dashboard/"
    assert response["Cache-Control"] == "no-store"
    check_reticent(response)


@pytest.fixture
def broken(proxy):
    """An order that DynamoDB refuses to read, with an unexpected error."""
    order = placed()
    proxy.change("GetItem", aws_error(400, "ValidationException"))
    return f"/dashboard/orders/{order.order_id}/"


def test_an_unexpected_error_is_logged_and_its_page_reveals_nothing(patient, broken, caplog):
    response = patient.get(broken, headers={"Accept": "text/html"})
    check_server_error(response)
    # The page has navigation.
    assert "All orders" in Page(response).text
    assert [record.exc_info for record in caplog.records if record.levelno == logging.ERROR]


def test_an_unexpected_error_is_a_problem_document_for_a_program(patient, broken):
    response = patient.get(broken, headers={"Accept": "application/json"})
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json()["code"] == "internal_error"
    check_reticent(response)

"""Responses while DynamoDB or the database is unavailable, and after an unexpected error."""

import logging
from uuid import UUID

import pytest

from orders import stopwatch, store
from tests.contract.fault_proxy import Trickle, as_content, aws_error, fault_proxy
from tests.contract.order_helpers import other_engine

TEAPOT = {"item": "Teapot", "quantity": 2}

# Responses must not reveal any of these.
INTERNALS = [
    "Traceback",
    "boto",
    "pynamo",
    "Exception",
    "Error:",
    "127.0.0.1",
    "dynamodb.",
    "sqlite",
    ".py",
    "NotMadeYet",
]


def check_no_internals(response):
    text = response.content.decode()
    assert not [each for each in INTERNALS if each.lower() in text.lower()], text


def every_endpoint(client):
    yield client.get("/orders")
    yield client.get("/orders?status=PENDING&customer_email=zoe@example.com")
    yield client.post("/orders", TEAPOT)
    yield client.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    yield client.get("/orders/1")
    yield client.put("/orders/1", {"status": "PROCESSING"})
    yield client.put("/orders/1", {"status": "EXPIRED"})
    yield client.delete("/orders/1")


def check_retry_later(response, code):
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert UUID(response["X-Request-Id"])
    check_no_internals(response)


# --- DynamoDB ---------------------------------------------------------------------------------------------------------


def test_every_endpoint_is_a_503_with_retry_after_while_dynamodb_is_unreachable(api, no_dynamodb):
    for response in every_endpoint(api):
        check_retry_later(response, "store_unavailable")


def test_every_endpoint_is_a_503_with_retry_after_while_the_table_is_missing(api, no_table):
    for response in every_endpoint(api):
        check_retry_later(response, "store_unavailable")


def test_a_wrong_configuration_is_a_500_and_only_the_log_names_it(api, no_dynamodb, monkeypatch, caplog):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    # By Django's own client: /schema promises no 500.
    response = api.client.get("/orders/1", headers=api.headers)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "Retry-After" not in response
    check_no_internals(response)
    assert "The config profile (nobody) could not be found. Unset AWS_PROFILE" in caplog.text


def test_a_request_whose_replies_trickle_in_is_a_503_with_retry_after(api, engine, monkeypatch):
    monkeypatch.setattr(stopwatch, "REQUEST_SECONDS", 0.5)
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"):
            proxy.change(operation, *[as_content(Trickle)] * 3)
        for response in every_endpoint(api):
            check_retry_later(response, "store_unavailable")


def test_endpoints_without_orders_work_while_dynamodb_is_unreachable(api, no_dynamodb):
    assert api.get("/lifecycle").status_code == 200
    assert api.get("/schema").status_code == 200
    assert api.post("/orders", {}).status_code == 400
    assert api.get("/nothing").status_code == 404


# --- The database of users --------------------------------------------------------------------------------------------


def test_a_key_that_cannot_be_looked_up_is_a_503_with_retry_after(api, no_database):
    for response in every_endpoint(api):
        check_retry_later(response, "database_unavailable")


def test_a_session_that_cannot_be_looked_up_is_a_503_with_retry_after(sign_in, request):
    browser = sign_in("Order viewers")
    assert browser.get("/orders").status_code == 200
    request.getfixturevalue("no_database")
    check_retry_later(browser.get("/orders"), "database_unavailable")


def test_a_key_that_was_looked_up_moments_ago_works_without_the_database(api, request):
    order = api.place()
    request.getfixturevalue("no_database")
    assert api.put(f"/orders/{order['order_id']}", {"status": "PROCESSING"}).status_code == 200
    assert store.get(order["order_id"]).version == 2


# --- /healthz ---------------------------------------------------------------------------------------------------------


def check_health(response, status, **checks):
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response.json() == {"status": "ok" if status == 200 else "unavailable", "checks": checks}
    assert response.get("Retry-After") == (None if status == 200 else "2")
    check_no_internals(response)


def test_health_is_ok_while_everything_is_available_and_costs_one_small_read(stranger, traffic):
    check_health(stranger.get("/healthz"), 200, dynamodb="ok", database="ok")
    assert (traffic.operations, traffic.units) == (["GetItem"], 0.5)


def test_health_is_unavailable_while_dynamodb_is_unreachable(stranger, no_dynamodb):
    check_health(stranger.get("/healthz"), 503, dynamodb="unavailable", database="ok")


def test_health_is_unavailable_while_there_is_no_table(stranger, no_table):
    check_health(stranger.get("/healthz"), 503, dynamodb="unavailable", database="ok")


def test_health_is_unavailable_while_the_database_cannot_be_opened(stranger, no_database):
    check_health(stranger.get("/healthz"), 503, dynamodb="ok", database="unavailable")


def test_health_logs_the_reason_and_does_not_send_it(stranger, no_dynamodb, caplog):
    stranger.get("/healthz")
    [record] = [record for record in caplog.records if record.name == "orders.api.health"]
    assert record.getMessage() == "Health check of dynamodb failed"
    assert "Could not connect" in caplog.text


# --- Unexpected errors ------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(api, engine):
    """The path of an order that DynamoDB refuses to read, with an unexpected error."""
    order_id = api.place(item="Teapot")["order_id"]
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.change("GetItem", aws_error(400, "ValidationException"))
        yield f"/orders/{order_id}"


def test_an_unexpected_error_shows_the_client_only_the_request_id(api, broken, caplog):
    # By Django's own client: /schema promises no 500.
    response = api.client.get(broken, headers=api.headers)
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "An unexpected error occurred. It was logged with the id in X-Request-Id.",
        "code": "internal_error",
        "errors": [],
    }
    assert UUID(response["X-Request-Id"])
    check_no_internals(response)
    [record] = [record for record in caplog.records if record.name == "orders.api.problems"]
    assert record.levelno == logging.ERROR
    assert "requested by a test" in str(record.exc_info[1])


def test_an_unexpected_error_does_not_affect_the_next_request(api, broken):
    assert api.client.get(broken, headers=api.headers).status_code == 500
    assert api.place()["status"] == "PENDING"

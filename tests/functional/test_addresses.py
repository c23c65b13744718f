"""URLs: links, slashes, prefixes, HEAD and OPTIONS, request ids, /lifecycle and /schema."""

import logging
from uuid import UUID

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from orders.models import Order
from tests.clients import schema

PREFIXED = {"SCRIPT_NAME": "/prod"}
REQUEST_ID = "550e8400-e29b-41d4-a716-446655440000"


def stored_ids():
    return {order.order_id for order in Order.scan()}


# --- Slashes and prefixes ---------------------------------------------------------------------------------------------


def test_a_trailing_slash_is_accepted_on_every_url_without_a_redirect(api):
    response = api.post("/orders/", {"item": "Teapot", "quantity": 2})
    assert (response.status_code, response.json()["item"]) == (201, "Teapot")
    path = response["Location"]
    assert path == f"/orders/{response.json()['order_id']}"
    assert [order["order_id"] for order in api.get("/orders/").json()["results"]] == [response.json()["order_id"]]
    assert api.get(f"{path}/").json() == response.json()
    assert api.put(f"{path}/", {"status": "PROCESSING"}).json()["status"] == "PROCESSING"
    assert api.delete(f"{path}/").status_code == 204
    assert stored_ids() == set()
    for open_path in ("/lifecycle/", "/healthz/", "/schema/"):
        assert api.get(open_path).status_code == 200


def test_links_contain_the_prefix_of_the_site(api):
    for _ in range(3):
        response = api.client.post(
            "/orders", {"item": "Teapot", "quantity": 2}, "application/json", headers=api.headers, **PREFIXED
        )
        assert response["Location"] == f"/prod/orders/{response.json()['order_id']}"
    first = api.client.get("/orders?limit=2", headers=api.headers, **PREFIXED)
    following = first.json()["next"]
    assert following.startswith("http://testserver/prod/orders?")
    assert first["Link"] == f'<{following}>; rel="next"'
    second = api.client.get(following.replace("/prod", ""), headers=api.headers, **PREFIXED)
    assert len(second.json()["results"]) == 1
    assert second.json()["previous"].startswith("http://testserver/prod/orders?")


def test_links_contain_the_scheme_of_the_site(api):
    for _ in range(2):
        api.place()
    page = api.client.get("/orders?limit=1", headers=api.headers, secure=True).json()
    assert page["next"].startswith("https://testserver/orders?")


@pytest.mark.parametrize("path", ["/nothing", "nothing"])
def test_an_unknown_url_is_a_problem_for_a_program_and_a_page_for_a_browser(stranger, path):
    """Even a path that no route can match, because it does not begin with a slash."""
    problem = stranger.client.get(path, headers={"Accept": "*/*"})
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")
    assert problem.json()["code"] == "not_found"
    page = stranger.client.get(path, headers={"Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")


# --- HEAD and OPTIONS -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/orders?limit=1", "{order}", "/lifecycle", "/healthz", "/schema", "/orders/none"])
def test_head_returns_the_headers_of_get_without_a_body(api, path):
    order = api.place()
    api.place()
    path = path.format(order=f"/orders/{order['order_id']}")
    got, head = (api.client.generic(method, path, headers=api.headers) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (got.status_code, b"")
    varying = {"X-Request-Id", "Server-Timing"}
    assert {name: value for name, value in head.headers.items() if name not in varying} == {
        name: value for name, value in got.headers.items() if name not in varying
    }


def test_a_conditional_head_is_not_modified(api):
    order = api.place()
    headers = {**api.headers, "If-None-Match": '"1"'}
    assert api.client.head(f"/orders/{order['order_id']}", headers=headers).status_code == 304


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/orders", {"GET", "POST", "HEAD", "OPTIONS"}),
        ("/orders/none", {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}),
        ("/lifecycle", {"GET", "HEAD", "OPTIONS"}),
        ("/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_lists_the_methods_and_changes_nothing(api, traffic, path, allowed):
    response = api.client.options(path, headers=api.headers)
    assert response.status_code == 200
    assert set(response["Allow"].split(", ")) == allowed
    assert response.json()["parses"] == ["application/json"]
    assert traffic == []


# --- Request ids ------------------------------------------------------------------------------------------------------


def one_of_each(client):
    """Responses of every kind that `client` can get."""
    yield client.get("/healthz")
    yield client.get("/lifecycle")
    yield client.get("/nothing")
    yield client.get("/orders")
    yield client.get("/orders/none")
    yield client.get("/orders?limit=0")
    yield client.post("/orders", "{")
    yield client.post("/orders", {"item": "Teapot", "quantity": 2})
    yield client.put("/orders", {})
    yield client.post("/orders", b"x" * 2_000_000)


def test_every_response_has_its_own_id(api, stranger):
    order = api.place()
    path = f"/orders/{order['order_id']}"
    responses = [*one_of_each(api), *one_of_each(stranger), api.get(path, If_None_Match='"1"'), api.delete(path)]
    assert {response.status_code for response in responses} == {200, 201, 204, 304, 400, 401, 404, 405, 413}
    ids = [UUID(response["X-Request-Id"]) for response in responses]
    assert len(set(ids)) == len(responses)


@pytest.mark.parametrize("path", ["/orders", "/orders/none", "/nothing", "/healthz"])
def test_a_uuid_that_the_caller_sends_is_used(api, stranger, path):
    for client in (api, stranger):
        assert client.get(path, X_Request_Id=REQUEST_ID)["X-Request-Id"] == REQUEST_ID


def test_a_request_id_in_capitals_is_used_too(api):
    assert api.get("/orders", X_Request_Id=REQUEST_ID.upper())["X-Request-Id"] == REQUEST_ID.upper()


@pytest.mark.parametrize(
    "sent",
    [
        "order-17",  # no substring of a random UUID, which the log does contain
        "",
        "<script>",
        REQUEST_ID + "x" * 1000,
        "-" * 1500 + REQUEST_ID + "-" * 1500,
        REQUEST_ID.replace("-", ""),
        f"{{{REQUEST_ID}}}",
        f"urn:uuid:{REQUEST_ID}",
        REQUEST_ID.replace("-", "") + "----",
        REQUEST_ID.replace("5", "\u0665"),
        f"{REQUEST_ID}, {REQUEST_ID}",
    ],
)
def test_a_request_id_that_is_not_a_uuid_of_36_characters_is_replaced_and_not_logged(api, caplog, sent):
    with caplog.at_level(logging.DEBUG):
        used = api.get("/orders", X_Request_Id=sent)["X-Request-Id"]
    assert used != sent
    assert (len(used), str(UUID(used))) == (36, used)
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("django_guid")]
    assert messages
    assert not sent or not any(sent in message for message in messages)


# --- HTTPS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def https_only(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz/?$"]


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("PUT", 308), ("DELETE", 308)]
)
def test_a_request_over_plain_http_is_redirected_to_https_with_the_same_method(
    https_only, api, traffic, method, status
):
    body = b"" if method in ("GET", "HEAD") else b'{"item": "Teapot", "quantity": 1}'
    response = Client().generic(method, "/orders?limit=5", body, "application/json", headers=api.headers)
    assert (response.status_code, response["Location"]) == (status, "https://testserver/orders?limit=5")
    assert traffic == []


# --- /lifecycle and /schema -------------------------------------------------------------------------------------------


def test_the_lifecycle_is_public(stranger, traffic):
    assert stranger.get("/lifecycle").json() == {
        "statuses": ["PENDING", "PROCESSING", "COMPLETED", "CANCELLED", "EXPIRED"],
        "initial": "PENDING",
        "terminal": ["COMPLETED", "CANCELLED", "EXPIRED"],
        "transitions": {
            "PENDING": ["PROCESSING", "CANCELLED"],
            "PROCESSING": ["COMPLETED", "CANCELLED"],
            "COMPLETED": [],
            "CANCELLED": [],
            "EXPIRED": [],
        },
        "expiry": {"from": "PENDING", "to": "EXPIRED", "after_hours": 60},
    }
    assert traffic == []


def test_the_lifecycle_states_the_configured_expiry_age(stranger, settings):
    settings.ORDERS_EXPIRY_HOURS = 12
    assert stranger.get("/lifecycle").json()["expiry"]["after_hours"] == 12


@pytest.mark.parametrize("path", ["/lifecycle", "/healthz", "/schema", "/healthz/"])
@pytest.mark.parametrize("query", ["status=PENDING", "status", "status=&status="])
def test_an_endpoint_without_parameters_refuses_each_by_name(api, traffic, path, query):
    response = api.get(f"{path}?{query}")
    assert response.status_code == 400
    assert traffic == []
    assert response.json()["errors"] == [
        {"field": "status", "detail": "There is no such parameter. Allowed: none.", "code": "unknown_parameter"}
    ]


def test_the_schema_is_valid_openapi_3_1_and_the_one_that_the_tests_use(api):
    response = api.get("/schema")
    assert response.status_code == 200
    document = response.json()
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()
    assert document["paths"] == schema()["paths"]
    assert document["components"]["schemas"] == schema()["components"]["schemas"]


def test_the_schema_describes_every_endpoint(api):
    operations = {(path, method) for path, methods in api.get("/schema").json()["paths"].items() for method in methods}
    assert operations == {
        ("/orders", "get"),
        ("/orders", "post"),
        ("/orders/{order_id}", "get"),
        ("/orders/{order_id}", "put"),
        ("/orders/{order_id}", "delete"),
        ("/lifecycle", "get"),
        ("/healthz", "get"),
    }


def test_the_schema_can_be_requested_as_plain_json(api):
    response = api.get("/schema", Accept="application/json")
    assert (response["Content-Type"], response.json()["openapi"]) == ("application/json", "3.1.0")


def test_the_schema_is_for_callers_only(stranger):
    response = stranger.get("/schema")
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")

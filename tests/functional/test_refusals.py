"""Error responses are RFC 9457 problem documents: for URLs, methods, media types and bodies."""

import json

import pytest

from orders.models import Order

TEAPOT = {"item": "Teapot", "quantity": 2}
MAX_BODY = 64 * 1024


def problem_of(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors"}
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"]
    assert problem["detail"]
    return problem


class Unreadable:
    """A body that must not be read."""

    def read(self, *_):
        raise AssertionError("The body was read.")

    readline = read


# --- Addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/Orders", "/orders//", "/orders/1/items", "/orders/a%2Fb", f"/orders/{'x' * 129}", "/healthz/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
def test_an_unknown_url_is_a_404_for_every_method_and_caller(api, stranger, path, method):
    for client in (api, stranger):
        problem = problem_of(client.send(method, path, b""), 404, "not_found")
        assert problem["detail"].startswith("There is nothing at /")


@pytest.mark.parametrize("accept", ["application/xml", "text/plain", "nonsense"])
def test_an_unknown_url_is_a_404_for_any_accept_header(stranger, accept):
    problem_of(stranger.get("/nothing", Accept=accept), 404, "not_found")


# --- Methods ----------------------------------------------------------------------------------------------------------

COLLECTION = {"GET", "POST", "HEAD", "OPTIONS"}
MEMBER = {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}
READ_ONLY = {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/orders", COLLECTION),
        ("DELETE", "/orders", COLLECTION),
        ("PATCH", "/orders", COLLECTION),
        ("TRACE", "/orders", COLLECTION),
        ("POST", "/orders/1", MEMBER),
        ("PATCH", "/orders/1", MEMBER),
        ("PROPFIND", "/orders/1", MEMBER),
        ("POST", "/lifecycle", READ_ONLY),
        ("DELETE", "/healthz", READ_ONLY),
        ("POST", "/schema", READ_ONLY),
    ],
)
def test_an_unsupported_method_is_refused_with_the_supported_ones(api, traffic, method, path, allowed):
    response = api.send(method, path, TEAPOT)
    problem_of(response, 405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == allowed
    assert traffic == []


# --- Media types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["application/xml", "text/*", "image/png, text/plain", "nonsense", ";,;"])
@pytest.mark.parametrize("path", ["/orders", "/orders/1", "/lifecycle", "/healthz"])
def test_a_client_that_does_not_accept_json_gets_a_406(api, traffic, accept, path):
    problem_of(api.get(path, Accept=accept), 406, "not_acceptable")
    assert traffic == []


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "*/*",
        "application/*",
        "application/json;q=0.5, text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json, application/problem+json",
        "application/problem+json",
        "application/problem+json;q=0.9, text/plain",
        "Application/Problem+JSON",
        "text/html",
        "",
        " ",
    ],
)
def test_a_client_that_accepts_json_gets_json(api, accept):
    response = api.get("/orders", Accept=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/vnd.api+json",
        "nonsense",
        "",
    ],
)
def test_a_body_that_is_not_sent_as_json_is_refused(api, traffic, content_type):
    body = json.dumps(TEAPOT)
    problem_of(api.send("POST", "/orders", body, content_type=content_type), 415, "unsupported_media_type")
    problem_of(api.send("PUT", "/orders/1", body, content_type=content_type), 415, "unsupported_media_type")
    assert traffic == []


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;q=1"]
)
def test_json_may_be_sent_with_parameters_and_in_capitals(api, content_type):
    assert api.send("POST", "/orders", TEAPOT, content_type=content_type).status_code == 201


# --- Bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "item=Teapot",
        "{'item': 'Teapot', 'quantity': 2}",
        '{"item": "Teapot", "quantity": 2,}',
        '{"item": "Teapot", "quantity": 2} {}',
        '{"item": "Teapot", "quantity": NaN}',
        '{"item": "Teapot", "quantity": 1e400}',
        '{"item": "\\ud83e", "quantity": 2}',
        '{"item": "\\udd56\\ud83e", "quantity": 2}',
        b'{"item": "\xff", "quantity": 2}',
        b'\xef\xbb\xbf{"item": "Teapot", "quantity": 2}',
        json.dumps(TEAPOT).encode("utf-16"),
        "[" * 30_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
    ],
    ids=range(14),
)
def test_a_body_that_is_not_json_is_refused_with_the_position_of_the_error(api, traffic, body):
    for response in (api.post("/orders", body), api.put("/orders/1", body)):
        problem = problem_of(response, 400, "parse_error")
        assert problem["detail"].startswith("The body is not valid JSON: ")
        assert "line 1 column" in problem["detail"]
    assert traffic == []


@pytest.mark.parametrize("body", [b"[]", b"[1, 2]", b'"Teapot"', b"null", b"true", b"3"])
def test_a_body_that_is_not_an_object_is_refused(api, traffic, body):
    problem = problem_of(api.post("/orders", body), 400, "invalid")
    assert [error["field"] for error in problem["errors"]] == [""]
    assert traffic == []


@pytest.mark.parametrize(
    ("body", "repeated"),
    [
        ('{"item": "Teapot", "quantity": 1, "quantity": 2}', ["quantity"]),
        ('{"item": "a", "quantity": 1, "item": "a", "quantity": 1}', ["item", "quantity"]),
        ('{"item": "Teapot", "quantity": 1, "\\u0069tem": "Kettle"}', ["item"]),
        ('{"unknown": 1, "unknown": 2, "unknown": 3}', ["unknown"]),
        ('{"status": "CANCELLED", "status": "PROCESSING"}', ["status"]),
    ],
    ids=range(5),
)
def test_a_repeated_key_is_refused_by_name(api, traffic, body, repeated):
    for response in (api.post("/orders", body), api.put("/orders/1", body)):
        assert problem_of(response, 400, "invalid")["errors"] == [
            {"field": name, "detail": "Send it only once.", "code": "repeated"} for name in repeated
        ]
    assert traffic == []


@pytest.mark.parametrize("value", ["[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000])
def test_a_deeply_nested_value_of_a_repeated_key_is_refused(api, traffic, value):
    response = api.post("/orders", f'{{"item": {value}, "item": "Teapot", "quantity": 1}}')
    assert response.status_code == 400
    assert traffic == []


def test_a_body_with_many_unknown_fields_is_refused_with_each_name_once(api):
    body = {f"field-{number}": number for number in range(1_000)}
    problem = problem_of(api.post("/orders", body), 400, "invalid")
    assert [error["field"] for error in problem["errors"]] == list(body)


def test_the_limit_for_bodies_is_exact(api, traffic):
    padding = MAX_BODY - len(json.dumps(TEAPOT))
    assert api.post("/orders", json.dumps(TEAPOT) + " " * padding).status_code == 201
    traffic.clear()
    problem_of(api.post("/orders", json.dumps(TEAPOT) + " " * (padding + 1)), 413, "body_too_large")
    assert traffic == []


@pytest.mark.parametrize("size", [2_000_000, 20_000_000])
@pytest.mark.parametrize(("method", "path"), [("POST", "/orders"), ("PUT", "/orders/1")])
def test_an_oversized_body_is_refused_unread(api, method, path, size):
    announced = {"wsgi.input": Unreadable(), "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(size)}
    response = api.client.generic(method, path, b"", "", headers=api.headers, **announced)
    problem_of(response, 413, "body_too_large")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/orders", 200), ("DELETE", "/orders/1", 404)])
def test_a_body_that_the_endpoint_does_not_use_is_not_read(api, method, path, status):
    announced = {"wsgi.input": Unreadable(), "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "2000000"}
    response = api.client.generic(method, path, b"", "", headers=api.headers, **announced)
    assert response.status_code == status


def test_a_refused_order_is_not_stored(api):
    for body in ("{", "[]", {**TEAPOT, "quantity": 0}, {**TEAPOT, "unknown": 1}, b"x" * 2_000_000):
        assert 400 <= api.post("/orders", body).status_code < 500
    assert list(Order.scan()) == []


def test_an_unknown_host_is_refused(api):
    response = api.client.get("/orders", headers={**api.headers, "Host": "evil.example"})
    problem_of(response, 400, "bad_request")

"""/schema is as strict as the server, and is written for users of the API."""

import re

import pytest
from django.urls import set_script_prefix
from drf_spectacular.generators import SchemaGenerator

from tests.clients import schema, validator

METHODS = {"get", "post", "put", "delete"}
TEAPOT = {"item": "Teapot", "quantity": 2}

EVERYWHERE = {"406", "414", "429"}
TO_CALLERS = EVERYWHERE | {"400", "401", "403", "503"}
STATUSES = {
    "list_orders": TO_CALLERS | {"200"},
    "place_order": TO_CALLERS | {"201", "409", "411", "413", "415", "422"},
    "get_order": TO_CALLERS | {"200", "304", "404", "409"},
    "change_status": TO_CALLERS | {"200", "404", "409", "411", "412", "413", "415"},
    "delete_order": TO_CALLERS | {"204", "404", "409", "412"},
    "get_lifecycle": EVERYWHERE | {"200", "400"},
    "get_health": EVERYWHERE | {"200", "400", "503"},
}

# Words of the code and of its authors.
INTERNAL = re.compile(r"serializer|REST framework|Django's ORM|pynamodb|\bhand\b|arrow|wish|mend", re.IGNORECASE)


def operations():
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield path, method, operation


def operation(operation_id):
    return next(found for _, _, found in operations() if found["operationId"] == operation_id)


def parameter(operation_id, name):
    return next(found for found in operation(operation_id)["parameters"] if found["name"] == name)["schema"]


def is_valid(value, part):
    return validator(part).is_valid(value)


def component(name):
    return {"$ref": f"#/components/schemas/{name}"}


# --- Validation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        TEAPOT,
        {**TEAPOT, "customer_name": "Zoë", "customer_email": "zoe@example.com"},
        {**TEAPOT, "customer_email": ""},
        {**TEAPOT, "item": "  Teapot  "},
        {**TEAPOT, "item": "x" * 200},
        {**TEAPOT, "quantity": 1_000_000},
        {},
        {**TEAPOT, "item": ""},
        {**TEAPOT, "item": " \t\u3000"},
        {**TEAPOT, "item": "x" * 201},
        {**TEAPOT, "item": "👩‍👩‍👧‍👦 ☕️ für e\u0301"},
        {**TEAPOT, "item": "Tea\u200bpot"},
        {**TEAPOT, "item": "Tea\npot"},
        {**TEAPOT, "item": "\u202eTeapot"},
        {**TEAPOT, "item": "\u200b"},
        {**TEAPOT, "item": 3},
        {**TEAPOT, "item": None},
        {**TEAPOT, "quantity": 0},
        {**TEAPOT, "quantity": 1_000_001},
        {**TEAPOT, "quantity": 2.5},
        {**TEAPOT, "quantity": "2"},
        {**TEAPOT, "quantity": True},
        {**TEAPOT, "customer_name": ""},
        {**TEAPOT, "customer_name": None},
        {**TEAPOT, "customer_email": "zoe"},
        {**TEAPOT, "customer_email": "zoe@exam\u200bple.com"},
        {**TEAPOT, "colour": "red"},
        [],
        "Teapot",
        None,
    ],
)
def test_the_schema_and_the_server_accept_the_same_bodies(api, body):
    assert is_valid(body, component("PlaceOrder")) is (api.post("/orders", body).status_code == 201)


@pytest.mark.parametrize(
    "body",
    [{"status": "CANCELLED"}, {"status": "cancelled"}, {"status": "Cancelled"}, {"status": "GONE"}, {}, {"x": 1}],
)
def test_the_schema_and_the_server_accept_the_same_changes(api, body):
    path = f"/orders/{api.place()['order_id']}"
    assert is_valid(body, component("ChangeStatus")) is (api.put(path, body).status_code == 200)


@pytest.mark.parametrize(
    ("operation_id", "name", "value", "expected"),
    [
        ("change_status", "If-Match", '"1"', True),
        ("change_status", "If-Match", "*", True),
        ("change_status", "If-Match", 'W/"1", "1"', True),
        ("change_status", "If-Match", "1", False),
        ("change_status", "If-Match", "", False),
        ("change_status", "If-Match", '"1', False),
        ("change_status", "If-Match", '"1 2"', False),
        ("place_order", "Idempotency-Key", "k", True),
        ("place_order", "Idempotency-Key", "k" * 255, True),
        ("place_order", "Idempotency-Key", f'"{"k" * 255}"', True),
        ("place_order", "Idempotency-Key", '"', True),
        ("place_order", "Idempotency-Key", '"k', True),
        ("place_order", "Idempotency-Key", "", False),
        ("place_order", "Idempotency-Key", '""', False),
        ("place_order", "Idempotency-Key", "k" * 256, False),
        ("place_order", "Idempotency-Key", f'"{"k" * 256}"', False),
    ],
)
def test_the_schema_and_the_server_accept_the_same_headers(api, operation_id, name, value, expected):
    assert is_valid(value, parameter(operation_id, name)) is expected
    headers = {name: value}
    if operation_id == "place_order":
        response = api.post("/orders", TEAPOT, **headers)
    else:
        response = api.put(f"/orders/{api.place()['order_id']}", {"status": "PROCESSING"}, **headers)
    assert (response.status_code < 300) is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status", "PENDING", True),
        ("status", "pending", True),
        ("status", "gone", False),
        ("status", "", False),
        ("created_after", "2026-11-22T10:15:30Z", True),
        ("created_after", "2026-11-22T10:15:30+05:30", True),
        ("created_after", "yesterday", False),
        ("customer_email", "zoe@example.com", True),
        ("customer_email", "zoe", False),
        ("cursor", "", False),
    ],
)
def test_the_schema_and_the_server_accept_the_same_parameters(api, name, value, expected):
    assert is_valid(value, parameter("list_orders", name)) is expected
    assert (api.get("/orders", {name: value}).status_code == 200) is expected


def test_undocumented_fields_are_not_allowed():
    for name in ("PlaceOrder", "ChangeStatus"):
        assert schema()["components"]["schemas"][name]["additionalProperties"] is False


# --- Responses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation_id", STATUSES)
def test_each_operation_documents_its_statuses(operation_id):
    assert set(operation(operation_id)["responses"]) == STATUSES[operation_id]


def responses(found):
    """The responses of this app. A 414 comes from the web server in front of it."""
    return {status: response for status, response in found["responses"].items() if status != "414"}


def test_every_response_documents_its_request_id_and_every_refusal_its_headers():
    for _, _, found in operations():
        for status, response in responses(found).items():
            headers = {name for name, header in response["headers"].items() if header.get("required")}
            assert "X-Request-Id" in headers
            assert ("Retry-After" in headers) is (status in ("429", "503"))
            assert ("WWW-Authenticate" in headers) is (status == "401")


def test_links_lead_from_a_new_order_to_its_operations():
    known = {found["operationId"]: found for _, _, found in operations()}
    links = operation("place_order")["responses"]["201"]["links"]
    assert set(links) == {"GetOrder", "ChangeStatus", "DeleteOrder"}
    for link in schema()["components"]["links"].values():
        names = {found["name"] for found in known[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) <= names


def test_programs_and_staff_each_have_a_security_scheme():
    schemes = schema()["components"]["securitySchemes"]
    assert {(name, scheme["in"], scheme["name"]) for name, scheme in schemes.items()} == {
        ("apiKey", "header", "Authorization"),
        ("session", "cookie", "sessionid"),
    }
    for _, _, found in operations():
        open_to_all = found["operationId"] in ("get_lifecycle", "get_health")
        assert found.get("security", []) == ([] if open_to_all else [{"apiKey": []}, {"session": []}])


@pytest.mark.parametrize(("prefix", "url"), [("/", "/"), ("/prod/", "/prod")])
def test_the_server_url_is_that_of_the_document(prefix, url):
    set_script_prefix(prefix)
    try:
        document = SchemaGenerator().get_schema(request=None, public=True)
    finally:
        set_script_prefix("/")
    assert [server["url"] for server in document["servers"]] == [url]


# --- Examples and descriptions ----------------------------------------------------------------------------------------


def examples():
    """Each example in the document: its location, its value, and the schema that it must match."""
    for _, _, found in operations():
        where = found["operationId"]
        for each in found.get("parameters", []):
            for example in each.get("examples", {}).values():
                yield f"{where} {each['name']}", example["value"], each["schema"]
        contents = {status: response.get("content", {}) for status, response in found["responses"].items()}
        contents["request"] = found.get("requestBody", {}).get("content", {})
        for part, content in contents.items():
            for media_type, body in content.items():
                for example in body.get("examples", {}).values():
                    yield f"{where} {part} {media_type}", example["value"], body["schema"]


def test_every_example_is_valid():
    found = list(examples())
    wrong = [where for where, value, part in found if not is_valid(value, part)]
    assert wrong == []
    assert len(found) > 40


def test_every_json_body_has_an_example():
    for _, _, found in operations():
        bodies = [found["requestBody"]] if "requestBody" in found else []
        for body in [*bodies, *found["responses"].values()]:
            for media_type, content in body.get("content", {}).items():
                assert content.get("examples") or media_type == "text/html", found["operationId"]


def descriptions(part, where=""):
    """Each description in a part of the document, with its location."""
    if isinstance(part, dict):
        if isinstance(part.get("description"), str):
            yield where, part["description"]
        for name, inner in part.items():
            yield from descriptions(inner, f"{where}/{name}")
    elif isinstance(part, list):
        for number, inner in enumerate(part):
            yield from descriptions(inner, f"{where}/{number}")


def test_no_description_is_empty_or_about_the_code():
    found = list(descriptions(schema()))
    assert [where for where, text in found if not text or INTERNAL.search(text)] == []
    assert len(found) > 100


def test_every_operation_parameter_header_and_field_of_an_order_is_described():
    for path, method, found in operations():
        assert found["summary"]
        for each in found.get("parameters", []):
            assert each.get("description"), f"{method} {path} {each['name']}"
        for status, response in responses(found).items():
            assert response["description"], f"{method} {path} {status}"
            assert all(header["description"] for header in response["headers"].values())
    schemas = schema()["components"]["schemas"]
    for name in ("PlaceOrder", "Problem", "FieldError"):
        assert all(field.get("description") for field in schemas[name]["properties"].values()), name

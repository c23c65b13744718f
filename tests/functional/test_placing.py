"""POST /orders."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from orders import store
from orders.lifecycle import Status
from orders.models import Order

TEAPOT = {"item": "Teapot", "quantity": 2}

TEXTS = [
    "Teekanne ☕ für Zoë",
    "やかん",
    "إبريق الشاي",
    "चायदानी",
    "👩‍👩‍👧‍👦🫖",
    "می\u200cخواهم",  # noqa: RUF001 (letters that look like others)
    "क्\u200dष",
    "e\u0301 is not \u00e9",
    '"quoted" \\ back\\slashed / <b>&amp;</b>',
]


def refused_fields(response):
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["title"], problem["status"]) == ("invalid", "Bad Request", 400)
    return {(error["field"], error["code"]) for error in problem["errors"]}


def test_a_placed_order_is_stored_as_it_is_shown(api):
    before = timezone.now()
    response = api.post("/orders", {**TEAPOT, "customer_name": "Zoë Ünal", "customer_email": "Zoe.Unal@Example.com"})
    assert response.status_code == 201
    shown = response.json()
    order = store.get(shown["order_id"])
    assert (order.item, order.quantity, order.status, order.version) == ("Teapot", 2, Status.PENDING, 1)
    assert (order.customer_name, order.customer_email) == ("Zoë Ünal", "Zoe.Unal@Example.com")
    assert before <= order.created_at <= timezone.now()
    assert order.history == [(Status.PENDING, order.created_at, "api-key:shop")]
    assert shown == {
        "order_id": order.order_id,
        "item": "Teapot",
        "quantity": 2,
        "status": "PENDING",
        "customer_name": "Zoë Ünal",
        "customer_email": "Zoe.Unal@Example.com",
        "created_at": f"{order.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "updated_at": shown["created_at"],
        "expired_at": None,
        "version": 1,
        "expires_at": f"{order.created_at + timedelta(hours=60):%Y-%m-%dT%H:%M:%S.%fZ}",
        "allowed_transitions": ["PROCESSING", "CANCELLED"],
        "history": [{"status": "PENDING", "at": shown["created_at"], "by": "api-key:shop"}],
    }


def test_the_response_to_a_placed_order_has_its_location_and_entity_tag(api):
    response = api.post("/orders", TEAPOT)
    assert response["ETag"] == '"1"'
    assert "Idempotent-Replayed" not in response
    assert api.get(response["Location"]).json() == response.json()


def test_placing_is_one_call_to_dynamodb(api, traffic):
    api.place()
    assert traffic.operations == ["PutItem"]


def test_a_customer_without_a_name_and_an_email_is_anonymous(api):
    order = store.get(api.place()["order_id"])
    assert (order.customer_name, order.customer_email, order.customer_key) == ("anonymous", "", None)


@pytest.mark.parametrize("text", TEXTS)
def test_text_in_any_script_is_returned_unchanged(api, text):
    placed = api.place(item=text, customer_name=text)
    assert (placed["item"], placed["customer_name"]) == (text, text)
    assert api.get(f"/orders/{placed['order_id']}").json() == placed
    assert store.get(placed["order_id"]).item == text


def test_blanks_around_a_text_are_removed(api):
    assert api.place(item="  Teapot\n")["item"] == "Teapot"


@pytest.mark.parametrize("quantity", [1, 1_000_000])
def test_a_quantity_at_either_limit_is_accepted(api, quantity):
    assert store.get(api.place(quantity=quantity)["order_id"]).quantity == quantity


@pytest.mark.parametrize("letter", ["x", "é", "🫖"])
def test_texts_of_the_maximum_length_are_accepted(api, letter):
    order = store.get(api.place(item=letter * 200, customer_name=letter * 200)["order_id"])
    assert (order.item, order.customer_name) == (letter * 200, letter * 200)


def test_an_empty_email_is_accepted(api):
    assert api.place(customer_email="")["customer_email"] == ""


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (True, "invalid"),
        (2.5, "invalid"),
        (2.0, "invalid"),
        ("2", "invalid"),
        ([2], "invalid"),
        ({"n": 2}, "invalid"),
        (10**30, "invalid"),
        (None, "null"),
        (0, "min_value"),
        (-1, "min_value"),
        (1_000_001, "max_value"),
        (2**63, "max_value"),
    ],
)
def test_a_quantity_that_is_not_an_integer_from_1_to_a_million_is_refused(api, traffic, quantity, code):
    response = api.post("/orders", {"item": "Teapot", "quantity": quantity})
    assert refused_fields(response) == {("quantity", code)}
    assert traffic == []


@pytest.mark.parametrize("number", ["1e2", "2.0", "1E+1"])
def test_a_number_with_a_point_or_an_exponent_is_refused(api, number):
    response = api.post("/orders", f'{{"item": "Teapot", "quantity": {number}}}')
    assert refused_fields(response) == {("quantity", "invalid")}


@pytest.mark.parametrize("field", ["item", "customer_name"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank"),
        (" \t\n", "blank"),
        ("\u200b", "blank"),
        ("\u3164\u2800", "blank"),
        ("x" * 201, "max_length"),
        ("a\x00b", "null_characters_not_allowed"),
        ("a\u200bb", "hidden_character"),
        ("line\nbreak", "hidden_character"),
        ("a\tb", "hidden_character"),
        ("a\u2028b", "hidden_character"),
        ("Tea\u202etop", "hidden_character"),
        ("Tea\u2067pot\u2069", "hidden_character"),
        (None, "null"),
        (5, "invalid"),
        (True, "invalid"),
        (["Teapot"], "invalid"),
        ({"name": "Teapot"}, "invalid"),
    ],
)
def test_an_invalid_text_is_refused(api, traffic, field, text, code):
    assert refused_fields(api.post("/orders", {**TEAPOT, field: text})) == {(field, code)}
    assert traffic == []


@pytest.mark.parametrize(
    ("email", "codes"),
    [
        ("zoe", {"invalid"}),
        ("zoe@", {"invalid"}),
        ("zoe@example", {"invalid"}),
        ("two@example.com, three@example.com", {"invalid"}),
        (f"{'x' * 64}@{'example.' * 30}com", {"max_length"}),
        ("a\x00@example.com", {"invalid", "null_characters_not_allowed"}),
        ("zed@shop.example\u200b", {"hidden_character"}),
        ("zed@shop\u00ad.example", {"hidden_character"}),
        ("\ufeffzed@shop.example", {"hidden_character", "invalid"}),
        ("zed@i❤.example", {"invalid"}),
        (5, {"invalid"}),
        (None, {"null"}),
    ],
)
def test_an_invalid_email_is_refused(api, traffic, email, codes):
    response = api.post("/orders", {**TEAPOT, "customer_email": email})
    assert refused_fields(response) == {("customer_email", code) for code in codes}
    assert traffic == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"customer_email": "zed@shop.example\u200b"},
            "This contains the invisible character ZERO WIDTH SPACE (U+200B) at position 17. Remove it.",
        ),
        (
            {"item": " Tea\npot"},
            "This contains the control character LINE FEED (U+000A) at position 4. Remove it.",
        ),
        (
            {"customer_name": "Zoë\u202e"},
            "This contains the invisible character RIGHT-TO-LEFT OVERRIDE (U+202E) at position 4. Remove it.",
        ),
        (
            {"customer_email": "zed@i❤.example"},
            "The part after the @ is not a valid domain name. Check its spelling.",
        ),
        ({"quantity": "1.000"}, "Send a whole number as a JSON integer, such as 1000."),
    ],
)
def test_an_error_says_what_to_do(api, fields, sentence):
    errors = api.post("/orders", {**TEAPOT, **fields}).json()["errors"]
    assert [error["detail"] for error in errors] == [sentence]


def test_an_email_without_a_visible_character_is_empty(api):
    assert api.place(customer_email="\u200b\u3164")["customer_email"] == ""


def test_an_email_is_stored_as_typed_with_its_letters_composed(api):
    order = store.get(api.place(customer_email=" Inf@Bu\u0308cher.Example ")["order_id"])
    assert order.customer_email == "Inf@B\u00fccher.Example"
    assert order.customer_key == "inf@xn--bcher-kva.example"


def test_all_errors_are_reported_at_once(api):
    response = api.post("/orders", {"quantity": 0, "customer_name": "", "customer_email": "zoe"})
    assert refused_fields(response) == {
        ("item", "required"),
        ("quantity", "min_value"),
        ("customer_name", "blank"),
        ("customer_email", "invalid"),
    }


def test_unknown_fields_are_refused_each_by_name(api, traffic):
    response = api.post("/orders", {**TEAPOT, "status": "COMPLETED", "order_id": "mine", "note": "fast"})
    assert refused_fields(response) == {(name, "unknown_field") for name in ("status", "order_id", "note")}
    assert len(response.json()["errors"]) == 3
    assert "Allowed: item, quantity, customer_name, customer_email." in response.json()["errors"][0]["detail"]
    assert traffic == []


@pytest.mark.parametrize("field", ["item", "quantity", "customer_name", "customer_email", "unknown"])
@pytest.mark.parametrize("bracket", ['{"a":', "["])
def test_a_deeply_nested_field_is_refused_like_a_shallow_one(api, field, bracket):
    depth = 1_000
    nest = bracket * depth + "1" + {"[": "]"}.get(bracket, "}") * depth
    others = {name: value for name, value in TEAPOT.items() if name != field}
    response = api.post("/orders", json.dumps(others)[:-1] + f', "{field}": {nest}}}')
    expected = "unknown_field" if field == "unknown" else "invalid"
    assert refused_fields(response) == {(field, expected)}


def test_a_query_parameter_is_refused_by_name(api, traffic):
    response = api.post("/orders?dry_run=true", TEAPOT)
    assert refused_fields(response) == {("dry_run", "unknown_parameter")}
    assert traffic == []
    assert not list(Order.scan())

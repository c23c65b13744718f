"""POST /orders with Idempotency-Key."""

import pytest

from accounts.models import Access, ApiKey
from orders import store
from orders.models import Order
from tests.clients import ApiClient

TEAPOT = {"item": "Teapot", "quantity": 2}


def stored_ids():
    return {order.order_id for order in Order.scan()}


def test_a_repeat_returns_the_first_order_and_stores_nothing(api):
    first = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    repeat = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    assert (first.status_code, repeat.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in first
    assert repeat["Idempotent-Replayed"] == "true"
    assert repeat.json() == first.json()
    assert (repeat["Location"], repeat["ETag"]) == (first["Location"], first["ETag"])
    assert stored_ids() == {first.json()["order_id"]}


def test_a_quoted_key_is_the_same_as_a_bare_one(api):
    bare = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    quoted = api.post("/orders", TEAPOT, Idempotency_Key='"cart-7"')
    assert quoted["Idempotent-Replayed"] == "true"
    assert stored_ids() == {bare.json()["order_id"]}


def test_another_key_and_no_key_place_another_order(api):
    for headers in ({"Idempotency_Key": "cart-7"}, {"Idempotency_Key": "cart-8"}, {}, {}):
        assert "Idempotent-Replayed" not in api.post("/orders", TEAPOT, **headers)
    assert len(stored_ids()) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"item": "Kettle"},
        {"quantity": 3},
        {"customer_name": "Zoë"},
        {"customer_email": "zoe@example.com"},
    ],
)
def test_a_repeat_with_another_body_is_refused_and_changes_nothing(api, other):
    first = api.post("/orders", TEAPOT, Idempotency_Key="cart-7").json()
    response = api.post("/orders", {**TEAPOT, **other}, Idempotency_Key="cart-7")
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "idempotency_key_reused"
    assert stored_ids() == {first["order_id"]}
    assert api.get(f"/orders/{first['order_id']}").json() == first


def test_the_same_key_from_another_caller_is_another_order(api):
    _, other_key = ApiKey.objects.create_key(name="shop", access=Access.READ_WRITE)
    mine = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    theirs = ApiClient(other_key).post("/orders", TEAPOT, Idempotency_Key="cart-7")
    assert (theirs.status_code, "Idempotent-Replayed" in theirs) == (201, False)
    assert stored_ids() == {mine.json()["order_id"], theirs.json()["order_id"]}
    assert mine.json()["order_id"] != theirs.json()["order_id"]


def test_a_repeat_after_a_change_returns_the_current_order(api):
    order_id = api.post("/orders", TEAPOT, Idempotency_Key="cart-7").json()["order_id"]
    moved = api.put(f"/orders/{order_id}", {"status": "PROCESSING"}).json()
    repeat = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    assert (repeat.status_code, repeat["Idempotent-Replayed"], repeat["ETag"]) == (201, "true", '"2"')
    assert repeat.json() == moved
    assert store.get(order_id).version == 2


def test_a_repeat_of_an_order_whose_email_was_stored_uncomposed_is_a_repeat(api):
    """Orders were stored so before the letters of an e-mail were composed."""
    body = {**TEAPOT, "customer_email": "inf@bu\u0308cher.example"}
    first = api.post("/orders", body, Idempotency_Key="cart-7").json()
    order = store.get(first["order_id"])
    order.customer_email = body["customer_email"]
    order.save()
    assert api.post("/orders", body, Idempotency_Key="cart-7")["Idempotent-Replayed"] == "true"
    assert stored_ids() == {first["order_id"]}


def test_a_repeat_is_one_call_to_dynamodb(api, traffic):
    api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    traffic.clear()
    api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    assert traffic.operations == ["PutItem"]


@pytest.mark.parametrize("key", ["x", "x" * 255, '"' + "x" * 255 + '"', '"', 'say "hi"'])
def test_a_key_of_1_to_255_characters_is_accepted(api, key):
    assert api.post("/orders", TEAPOT, Idempotency_Key=key).status_code == 201
    assert api.post("/orders", TEAPOT, Idempotency_Key=key)["Idempotent-Replayed"] == "true"


def as_sent(text):
    """A header in UTF-8 as WSGI represents it."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("character", ["é", "注", "☕"])
def test_the_length_of_a_key_is_counted_in_characters_and_not_in_bytes(api, character):
    key = as_sent(character * 255)
    assert api.post("/orders", TEAPOT, Idempotency_Key=key).status_code == 201
    assert api.post("/orders", TEAPOT, Idempotency_Key=key)["Idempotent-Replayed"] == "true"
    assert api.post("/orders", TEAPOT, Idempotency_Key=as_sent(character * 256)).status_code == 400


@pytest.mark.parametrize(("length", "status"), [(255, 201), (256, 400)])
def test_a_key_that_is_not_utf_8_counts_one_character_per_byte(api, length, status):
    assert api.post("/orders", TEAPOT, Idempotency_Key="\xe9" * length).status_code == status


@pytest.mark.parametrize("key", ["", '""', "x" * 256, '"' + "x" * 256 + '"'])
def test_an_empty_or_longer_key_is_refused(api, traffic, key):
    response = api.post("/orders", TEAPOT, Idempotency_Key=key)
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "Idempotency-Key", "detail": "An Idempotency-Key must have 1 to 255 characters.", "code": "invalid"}
    ]
    assert traffic == []


def test_a_refused_body_does_not_use_up_the_key(api):
    assert api.post("/orders", {**TEAPOT, "quantity": 0}, Idempotency_Key="cart-7").status_code == 400
    assert "Idempotent-Replayed" not in api.post("/orders", TEAPOT, Idempotency_Key="cart-7")

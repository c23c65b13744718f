# ruff: noqa: RUF001 (digits of other scripts are the point)
"""The form for a new order: the API's rules and messages, and one order per form."""

from html import unescape
from uuid import UUID

import pytest
from django.contrib.messages import get_messages
from django.test.client import encode_multipart

from orders.lifecycle import Status
from orders.models import Order
from tests.dashboard.html_page import Page, get_page, submit

NEW = "/dashboard/orders/new/"
TOKEN = "6f9a1c52-0000-4000-8000-000000000001"
TEAPOT = {"token": TOKEN, "item": "Teapot", "quantity": "2"}


def everything():
    return list(Order.scan(consistent_read=True))


def only():
    [order] = everything()
    return order


def refused(browser, expected, **fields):
    response = browser.post(NEW, {**TEAPOT, **fields})
    assert response.status_code == 400
    page = Page(response)
    assert expected in page.text
    assert everything() == []
    return page


def test_placing_an_order_shows_a_message_with_a_link_to_it(anna):
    form = get_page(anna, NEW).form(NEW)
    name, email = "Zoë Ünal", "Zoe@Example.com"
    response = submit(anna, form, item="Teekanne ☕", quantity="12", customer_name=name, customer_email=email)
    assert (response.status_code, response["Location"]) == (302, "/dashboard/")
    order = only()
    assert (order.item, order.quantity, order.customer_name, order.customer_email) == ("Teekanne ☕", 12, name, email)
    assert (order.status, order.version) == (Status.PENDING, 1)
    assert [entry.by for entry in order.history] == ["staff:anna"]
    after = get_page(anna, response["Location"])
    assert f"Order {order.order_id[:8]} was placed." in after.text
    assert f"/dashboard/orders/{order.order_id}/" in [link.href for link in after.links]


def test_a_new_form_has_quantity_one_and_its_own_token(anna):
    first, second = (get_page(anna, NEW).form(NEW).data() for _ in range(2))
    assert first["quantity"] == ["1"]
    assert UUID(first["token"][0]) != UUID(second["token"][0])


def test_a_customer_without_a_name_is_anonymous_as_in_the_api(anna):
    for fields in ({}, {"customer_name": "", "customer_email": ""}, {"customer_name": "   "}):
        anna.post(NEW, {**TEAPOT, **fields})
    order = only()
    assert (order.customer_name, order.customer_email, order.customer_key) == ("anonymous", "", None)


def test_whitespace_around_values_is_removed_as_in_the_api(anna):
    anna.post(NEW, {**TEAPOT, "item": "  Teapot\t", "customer_name": " Zoë ", "customer_email": " zoe@example.com "})
    order = only()
    assert (order.item, order.customer_name, order.customer_email) == ("Teapot", "Zoë", "zoe@example.com")


# --- The API's rules --------------------------------------------------------------------------------------------------

FIELDS = [
    {"item": ""},
    {"item": "   "},
    {"item": "x" * 201},
    {"item": "\0"},
    {"item": "tea\0pot"},
    {"quantity": ""},
    {"quantity": "0"},
    {"quantity": "-1"},
    {"quantity": "1000001"},
    {"quantity": "2.5"},
    {"quantity": "two"},
    {"quantity": "2.0"},
    {"item": "tea\npot"},
    {"item": "tea\u200bpot"},
    {"item": "\u200b"},
    {"customer_name": "x" * 201},
    {"customer_name": "Zo\u2066e"},
    {"customer_name": "Zo\0e"},
    {"customer_email": "zoe"},
    {"customer_email": "zoe@"},
    {"customer_email": f"{'z' * 250}@example.com"},
    {"customer_email": "zoe\0@example.com"},
    {"customer_email": "zoe@example.com\u200b"},
    {"customer_email": "zoe@i❤.example"},
]


@pytest.mark.parametrize("fields", FIELDS, ids=repr)
def test_the_form_refuses_what_the_api_refuses_and_keeps_the_input(anna, read_write_key, fields):
    body = {"item": "Teapot", "quantity": 2, **fields}
    [name] = fields
    if name == "quantity":
        body["quantity"] = {"": None, "2.5": 2.5, "2.0": 2.0, "two": "two"}.get(fields[name]) or int(fields[name] or 0)
    api = anna.post("/orders", body, "application/json", headers={"Authorization": f"Api-Key {read_write_key}"})
    assert (api.status_code, {error["field"] for error in api.json()["errors"]}) == (400, {name})
    page = refused(anna, "", **{"customer_name": "Meera", **fields})
    assert page.form(NEW).data()["token"] == [TOKEN]
    shown = page.form(NEW).data()["customer_name"]
    assert shown == [fields.get("customer_name", "Meera")]


@pytest.mark.parametrize("quantity", ["1.000", "2.0", "1_000", "1,000", "1 000", "+4", "٣", "４", "1e3", "²"])
def test_a_quantity_may_only_contain_digits(anna, quantity):
    page = refused(anna, "Write a whole number without separators, such as 1000.", quantity=quantity)
    assert page.form(NEW).data()["quantity"] == [quantity]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"item": ""}, "This field is required."),
        ({"item": "x" * 201}, "Ensure this value has at most 200 characters (it has 201)."),
        ({"quantity": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"quantity": "1000001"}, "Ensure this value is less than or equal to 1000000."),
        ({"quantity": "two"}, "Write a whole number without separators, such as 1000."),
        ({"quantity": "1.000"}, "Write a whole number without separators, such as 1000."),
        (
            {"item": "Tea\u202etop"},
            "This contains the invisible character RIGHT-TO-LEFT OVERRIDE (U+202E) at position 4. Remove it.",
        ),
        (
            {"customer_email": "zed@shop.example\u200b"},
            "This contains the invisible character ZERO WIDTH SPACE (U+200B) at position 17. Remove it.",
        ),
        (
            {"customer_email": "zed@i❤.example"},
            "The part after the @ is not a valid domain name. Check its spelling.",
        ),
        ({"item": "\u200b\u3164"}, "This field is required."),
        ({"customer_email": "zoe"}, "Enter a valid email address."),
    ],
)
def test_errors_are_shown_beside_their_fields(anna, fields, expected):
    refused(anna, expected, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"item": "x" * 200, "customer_name": "y" * 200},
        {"item": "🫖" * 200},
        {"quantity": "1000000"},
        {"customer_email": f"{'z' * 60}@{'x' * 60}.{'y' * 60}.{'v' * 60}.example"},
        {"item": "👩‍👩‍👧‍👦🫖", "customer_name": "إبريق الشاي"},
        {"item": "می\u200cخواهم", "customer_name": "क्\u200dष"},
        {"customer_email": "zoe@bücher.example"},
        {"item": '"quoted" \\ <b>&amp;</b>'},
    ],
    ids=["longest", "emoji", "most", "e-mail", "joined", "inside words", "domain", "markup"],
)
def test_the_form_accepts_what_the_api_accepts(anna, fields):
    assert anna.post(NEW, {**TEAPOT, **fields}).status_code == 302
    order = only()
    assert {name: str(getattr(order, name)) for name in fields} == fields


def test_lone_surrogates_are_never_stored(anna):
    """Browsers send none, but programs may, in a charset of their choice. No page could show such an order."""
    for content_type, body in {
        "application/x-www-form-urlencoded": f"token={TOKEN}&quantity=1&item=tea%ED%A0%80pot".encode(),
        "multipart/form-data; boundary=b; charset=unicode_escape": encode_multipart(
            "b", {"token": TOKEN.replace("1", "2"), "quantity": "1", "item": "tea\\ud800pot"}
        ),
    }.items():
        response = anna.generic("POST", NEW, body, content_type)
        assert response.status_code == (415 if "charset" in content_type else 302)
    assert only().item == "tea\ufffd\ufffd\ufffdpot"


# --- One form, one order ----------------------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_places_one_order(anna):
    form = get_page(anna, NEW).form(NEW)
    for _ in range(2):
        assert submit(anna, form, item="Teapot", quantity="2").status_code == 302
    assert only().version == 1


def test_the_same_token_of_two_users_places_two_orders(anna, sign_in):
    anna.post(NEW, TEAPOT)
    sign_in("Order managers").post(NEW, TEAPOT)
    assert len(everything()) == 2


def test_a_form_that_is_sent_again_with_other_values_places_nothing(anna):
    anna.post(NEW, TEAPOT)
    order = only()
    response = anna.post(NEW, {**TEAPOT, "quantity": "3", "customer_name": "Zoë"})
    assert response.status_code == 409
    page = Page(response)
    assert f"This form already placed order {order.order_id[:8]}" in page.text
    assert f"/dashboard/orders/{order.order_id}/" in [link.href for link in page.links]
    assert "&lt;a href" not in response.content.decode()
    assert only().quantity == 2
    # Submitted again, it places a second order.
    form = page.form(NEW)
    assert form.data()["customer_name"] == ["Zoë"]
    assert submit(anna, form).status_code == 302
    assert sorted(order.quantity for order in everything()) == [2, 3]


@pytest.mark.parametrize("token", ["", "one", "\0", "x" * 5000])
def test_a_form_without_its_token_places_nothing_and_shows_an_error(anna, token):
    refused(anna, "", token=token)


def test_the_input_is_escaped_when_the_form_is_shown_again(anna):
    response = anna.post(NEW, {**TEAPOT, "quantity": "0", "item": '"><script>alert(1)</script>'})
    assert "<script>alert" not in response.content.decode()
    assert '"><script>alert(1)</script>' in unescape(response.content.decode())


def test_the_message_about_a_new_order_is_shown_once(anna):
    response = anna.post(NEW, TEAPOT)
    assert len(list(get_messages(response.wsgi_request))) == 1
    assert "was placed" in get_page(anna, "/dashboard/").text
    assert "was placed" not in get_page(anna, "/dashboard/").text


def test_the_quantity_field_has_hints_for_the_browser(anna):
    content = anna.get(NEW).content.decode()
    assert 'type="number"' not in content
    assert 'inputmode="numeric"' in content
    assert 'title="Write a whole number without separators, such as 1000."' in content

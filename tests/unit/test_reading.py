"""Reading stored items that are valid orders and items that are not."""

import json

import pytest

from orders.instants import read_instant
from orders.lifecycle import Status
from orders.models import Order, OutsideRevision, parse_revision
from orders.reading import UnreadableOrder, read_order

ORDER_ID = "0b1c1f6e-8f0a-4d5e-9a53-3f1c2a4b5c6d"
FORMER = {
    "order_id": {"S": ORDER_ID},
    "item": {"S": "Teapot"},
    "quantity": {"N": "2"},
    "status": {"S": "PENDING"},
    "customer_name": {"S": "Ann"},
    "customer_email": {"S": ""},
    "created_at": {"S": "2024-05-01T10:15:30.123456"},
}
ENTRY = {"M": {"status": {"S": "PENDING"}, "at": {"S": "2024-05-01T10:15:30Z"}, "by": {"S": "staff:anna"}}}
OURS = {
    **FORMER,
    "created_at": {"S": "2024-05-01T10:15:30.123456Z"},
    "updated_at": {"S": "2024-05-01T10:15:30.123456Z"},
    "version": {"N": "1"},
    "history": {"L": [ENTRY]},
    "status_key": {"S": "PENDING#0"},
    "created_key": {"S": f"2024-05-01T10:15:30.123456Z#{ORDER_ID}"},
}

UNREADABLE = [
    ({"item": None}, "item is missing."),
    ({"item": {"NULL": True}}, "item is null."),
    ({"item": {"L": [{"S": "Teapot"}]}}, "item is a list, not text."),
    ({"item": {"M": {"name": {"S": "Teapot"}}}}, "item is a map, not text."),
    ({"item": {"SS": ["Teapot"]}}, "item is a set, not text."),
    ({"item": {"B": b"Teapot"}}, "item is binary data, not text."),
    ({"quantity": None}, "quantity is missing."),
    ({"quantity": {"S": "2"}}, "quantity is text, not a number."),
    ({"quantity": {"BOOL": True}}, "quantity is true or false, not a number."),
    ({"quantity": {"N": "2.5"}}, "quantity is 2.5, which is not a whole number of at most 9007199254740991."),
    ({"quantity": {"N": "1" + "0" * 30}}, f"quantity is 1{'0' * 30}, which is not a whole number of at most"),
    ({"status": None}, "status is missing."),
    ({"status": {"S": "SHIPPED"}}, "status is 'SHIPPED', which is not a status."),
    ({"status": {"N": "1"}}, "status is a number, not text."),
    ({"customer_name": {"N": "7"}}, "customer_name is a number, not text."),
    ({"customer_email": {"N": "7"}}, "customer_email is a number, not text."),
    ({"created_at": None}, "created_at is missing."),
    ({"created_at": {"S": "soon"}}, "created_at is 'soon', which is not a valid time."),
    ({"created_at": {"S": "0001-01-01T00:00:00"}}, "created_at is '0001-01-01T00:00:00', which is not a valid time"),
    ({"created_at": {"S": "9999-12-31T23:59:59Z"}}, "created_at is '9999-12-31T23:59:59Z', which is not a valid time"),
    ({"created_at": {"N": "1714558530"}}, "created_at is a number, not text."),
    ({"updated_at": {"S": "x" * 99}}, f"updated_at is '{'x' * 40}…', which is not a valid time."),
    ({"expired_at": {"N": "7"}}, "expired_at is a number, not text."),
    ({"version": {"S": "1"}}, "version is text, not a number."),
    ({"version": {"N": "-1"}}, "version is -1, which is not a whole number from 0 to"),
    ({"version": {"N": "1.5"}}, "version is 1.5, which is not a whole number from 0 to"),
    ({"history": {"S": "garbage"}}, "history is text, not a list."),
    ({"history": {"L": [{"S": "PENDING"}]}}, "history is a list, which is not a list of status changes."),
    ({"history": {"L": [{"M": {"status": {"S": "PENDING"}}}]}}, "history is a list, which is not a list of status"),
    ({"order_id": {"S": "a/b"}}, "order_id is 'a/b', which is not an id of at most 128 characters without a slash."),
    ({"order_id": {"S": "x" * 129}}, f"order_id is '{'x' * 40}…', which is not an id of at most 128 characters"),
]


def altered(item, changes):
    return {name: value for name, value in {**item, **changes}.items() if value is not None}


@pytest.mark.parametrize("item", [FORMER, OURS], ids=["former", "ours"])
@pytest.mark.parametrize(("changes", "reason"), UNREADABLE, ids=[reason[:40] for _, reason in UNREADABLE])
def test_an_invalid_item_is_read_as_unreadable_with_the_reason(item, changes, reason):
    read = read_order(altered(item, changes))
    assert isinstance(read, UnreadableOrder)
    [found] = read.reasons
    assert found.startswith(reason)
    json.dumps(read.raw)


def test_all_reasons_are_listed():
    read = read_order(altered(OURS, {"quantity": {"S": "2"}, "status": {"S": "SHIPPED"}, "created_at": None}))
    assert [reason.split()[0] for reason in read.reasons] == ["created_at", "quantity", "status"]


def test_an_item_with_only_an_id_is_unreadable():
    read = read_order({"order_id": {"S": ORDER_ID}})
    assert read.order_id == ORDER_ID
    assert set(read.reasons) == {f"{name} is missing." for name in ("item", "quantity", "status", "created_at")}
    assert (read.created_key, read.status_key, read.created_at) == ("", "", None)


@pytest.mark.parametrize(
    ("changes", "created_at"),
    [
        ({"quantity": {"S": "2"}}, "2024-05-01T10:15:30.123456Z"),
        ({"created_at": {"S": "soon"}}, "2024-05-01T10:15:30.123456Z"),
        ({"created_at": None, "created_key": None}, None),
    ],
)
def test_created_at_is_read_from_the_attribute_or_the_index_key(changes, created_at):
    expected = read_instant(created_at) if created_at else None
    assert read_order(altered(OURS, changes)).created_at == expected


def test_the_raw_item_is_plain_json():
    item = {
        "order_id": {"S": ORDER_ID},
        "item": {"L": [{"S": "a"}, {"N": "1"}, {"M": {"x": {"NULL": True}}}]},
        "quantity": {"NS": ["1", "-2.5"]},
        "status": {"BS": [b"\x00"]},
        "customer_name": {"BOOL": False},
        "customer_email": {"SS": ["a", "b"]},
        "created_at": {"B": b"abc"},
    }
    assert read_order(item).raw == {
        "order_id": ORDER_ID,
        "item": ["a", 1, {"x": None}],
        "quantity": [1, -2.5],
        "status": ["AA=="],
        "customer_name": False,
        "customer_email": ["a", "b"],
        "created_at": "YWJj",
    }


# --- Unusual but valid orders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending", "Pending", "PENDING", " pending "])
def test_a_status_is_read_in_any_case(status):
    assert read_order({**FORMER, "status": {"S": status}}).status is Status.PENDING


@pytest.mark.parametrize("name", ["customer_name", "customer_email", "updated_at", "expired_at", "version", "history"])
def test_optional_attributes_may_be_null_or_missing(name):
    for order in (read_order(altered(OURS, {name: None})), read_order({**OURS, name: {"NULL": True}})):
        assert isinstance(order, Order), order
    assert (order.customer_name, order.customer_email) != (None, None)
    assert order.updated_at is not None
    assert order.history is not None


@pytest.mark.parametrize("quantity", [0, -3, 5_000_000])
def test_a_quantity_outside_the_limits_for_new_orders_is_valid(quantity):
    assert read_order({**FORMER, "quantity": {"N": str(quantity)}}).quantity == quantity


def test_unknown_attributes_are_ignored():
    assert isinstance(read_order({**OURS, "colour": {"SS": ["red"]}}), Order)


# --- Revisions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "revision"),
    [
        (FORMER, 0),
        ({**FORMER, "status": {"S": "CANCELLED"}}, OutsideRevision(0, Status.CANCELLED)),
        (OURS, 1),
        ({**OURS, "status": {"S": "pending"}}, 1),
        ({**OURS, "status": {"S": "cancelled"}}, OutsideRevision(1, Status.CANCELLED)),
        ({**OURS, "status_key": {"S": "PROCESSING#0"}}, OutsideRevision(1, Status.PENDING)),
        ({**OURS, "status_key": {"S": "PENDING#7"}}, 1),
    ],
)
def test_the_revision_contains_a_status_that_another_program_set(item, revision):
    order = read_order(item)
    assert order.revision == revision
    assert order.changed_outside is isinstance(revision, OutsideRevision)
    assert parse_revision(str(order.revision)) == revision


@pytest.mark.parametrize(
    "text", ["", "01", "-1", "1.5", "1-", "1-SHIPPED", "1-pending", "1-PENDING ", "9" * 16, "٣", "-"]
)
def test_any_other_text_is_not_a_revision(text):
    assert parse_revision(text) is None

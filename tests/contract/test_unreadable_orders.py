"""Orders that another program has made unreadable can be listed and deleted, but not changed."""

import logging
from datetime import timedelta
from uuid import uuid4

import pytest

from orders import expiry, listing, store
from orders.errors import OrderNotFoundError, StoreUnavailableError, UnreadableOrderError, VersionMismatchError
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import Order
from orders.reading import UnreadableOrder
from tests.contract.fault_proxy import aws_error, drop_response
from tests.contract.order_helpers import (
    BY,
    LATER,
    NOW,
    ids,
    make_unreadable,
    overwrite,
    place,
    place_many,
    placed,
    put,
    set_outside,
    stored,
)

BROKEN = {
    "quantity is a text": {"quantity": {"S": "2"}},
    "quantity is null": {"quantity": {"NULL": True}},
    "status is unknown": {"status": {"S": "SHIPPED"}},
    "no created_at": {"created_at": None},
    "created_at is a number": {"created_at": {"N": "7"}},
    "item is a list": {"item": {"L": [{"S": "Teapot"}]}},
    "item is missing": {"item": None},
    "customer_email is a number": {"customer_email": {"N": "7"}},
    "customer_name is a map": {"customer_name": {"M": {}}},
    "version is a text": {"version": {"S": "1"}},
    "history is a text": {"history": {"S": "garbage"}},
    "updated_at is a set": {"updated_at": {"SS": ["a"]}},
    "created_at is empty": {"created_at": {"S": ""}},
    "created_at is no date": {"created_at": {"S": "soon"}},
    "created_at is too early": {"created_at": {"S": "0001-01-01T00:00:00Z"}},
    "expired_at is a number": {"expired_at": {"N": "7"}},
    "expired_at is no instant": {"expired_at": {"S": "2024-13-01T10:15:30Z"}},
    "updated_at is too late": {"updated_at": {"S": "9999-12-31T23:59:59.999999Z"}},
    "version is too large": {"version": {"N": "1e16"}},
    "version is too large to count on": {"version": {"N": "9.9E125"}},
    "version is negative": {"version": {"N": "-1"}},
    "quantity is too large": {"quantity": {"N": "9.9E125"}},
    "quantity is too small": {"quantity": {"N": "-9.9E125"}},
}
# What no condition can check.
MALFORMED = {
    "quantity is a fraction": {"quantity": {"N": "2.5"}},
    "created_at is no instant": {"created_at": {"S": "2024-13-01T10:15:30Z"}},
    "updated_at is no instant": {"updated_at": {"S": "2024-13-01T10:15:30Z"}},
    "version is a fraction": {"version": {"N": "1.5"}},
    "history has a malformed entry": {"history": {"L": [{"S": "PENDING"}]}},
}
CHANGES = [pytest.param(changes, id=name) for name, changes in BROKEN.items()]
ONLY_MALFORMED = [pytest.param(changes, id=name) for name, changes in MALFORMED.items()]
ALL_CHANGES = [*CHANGES, *ONLY_MALFORMED]
VERSIONS = pytest.mark.parametrize("versions", [None, {0}, {1}, {0, 1}])


def former(**changes):
    """The id of an order that the former system wrote with these attributes."""
    item = {
        "order_id": {"S": str(uuid4())},
        "item": {"S": "Teapot"},
        "quantity": {"N": "2"},
        "status": {"S": "PENDING"},
        "created_at": {"S": "2024-05-01T10:15:30.123456"},
        **changes,
    }
    put({name: value for name, value in item.items() if value is not None})
    return item["order_id"]["S"]


def ours(**changes):
    """The id of an order of this app that another program has changed."""
    order_id = placed(customer_email="ann@example.com").order_id
    overwrite(order_id, **changes)
    return order_id


def test_getting_an_unreadable_order_is_refused_with_the_reasons(table):
    order_id = ours(quantity={"S": "2"}, status={"S": "SHIPPED"})
    with pytest.raises(UnreadableOrderError) as refusal:
        store.get(order_id)
    assert refusal.value.code == "unreadable_order"
    order = refusal.value.order
    assert (order.order_id, order.raw["quantity"], order.raw["status"]) == (order_id, "2", "SHIPPED")
    assert str(refusal.value) == (
        f"Order {order_id} cannot be read: quantity is text, not a number. status is 'SHIPPED', which is not a status."
    )


@VERSIONS
@pytest.mark.parametrize("changes", CHANGES)
def test_an_unreadable_order_is_not_changed(traffic, changes, versions):
    order_id = ours(**changes)
    before = stored(order_id)
    traffic.clear()
    for to in (Status.PROCESSING, Status.CANCELLED, Status.COMPLETED):
        with pytest.raises(UnreadableOrderError):
            store.change_status(order_id, to, at=LATER, by=BY, versions=versions)
    with pytest.raises(UnreadableOrderError):
        store.expire(order_id, at=LATER, by=BY)
    assert traffic.operations == ["UpdateItem"] * 4
    assert stored(order_id) == before


@VERSIONS
@pytest.mark.parametrize("changes", ALL_CHANGES)
def test_an_unreadable_order_of_the_former_system_is_not_changed(traffic, changes, versions):
    order_id = former(**changes)
    before = stored(order_id)
    traffic.clear()
    for to in Status:
        with pytest.raises(UnreadableOrderError):
            store.change_status(order_id, to, at=LATER, by=BY, versions=versions)
    with pytest.raises(UnreadableOrderError):
        store.expire(order_id, at=LATER, by=BY)
    assert sorted(traffic.operations) == ["GetItem"] * 2 + ["UpdateItem"] * 4
    assert stored(order_id) == before


@VERSIONS
@pytest.mark.parametrize("changes", ONLY_MALFORMED)
def test_an_order_with_a_malformed_value_is_restored_after_a_status_change(table, changes, versions):
    """A condition cannot detect such a value, so the status is written and then restored."""
    order_id = ours(**changes, note={"S": "of the other program"})
    before = stored(order_id)
    for to in (Status.PROCESSING, Status.CANCELLED, Status.COMPLETED):
        with pytest.raises(UnreadableOrderError):
            store.change_status(order_id, to, at=LATER, by=BY, versions=versions)
        assert stored(order_id) == before
    with pytest.raises(UnreadableOrderError):
        store.expire(order_id, at=LATER, by=BY)
    assert stored(order_id) == before


def test_restoring_an_order_takes_a_second_call(traffic):
    order_id = ours(quantity={"N": "2.5"})
    traffic.clear()
    with pytest.raises(UnreadableOrderError):
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)
    assert traffic.operations == ["UpdateItem", "UpdateItem"]


def test_an_order_is_restored_once_if_the_response_is_lost(proxy, caplog):
    order_id = ours(quantity={"N": "2.5"})
    before = stored(order_id)
    proxy.change("UpdateItem", lambda reply: reply, drop_response)
    proxy.operations.clear()
    with pytest.raises(UnreadableOrderError):
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)
    assert proxy.operations.count("UpdateItem") == 3
    assert stored(order_id) == before
    assert "could be undone" not in caplog.text


def test_a_later_change_by_another_program_is_not_undone(proxy, caplog):
    order_id = ours(quantity={"N": "2.5"})

    def cancel(reply):
        set_outside(order_id, "CANCELLED")
        return reply

    proxy.change("UpdateItem", cancel)
    with pytest.raises(UnreadableOrderError):
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)
    assert stored(order_id)["status"] == {"S": "CANCELLED"}
    assert f"Order {order_id} changed before a status change could be undone." in caplog.text


def test_an_order_that_cannot_be_restored_is_reported_as_unavailable(proxy):
    order_id = ours(quantity={"N": "2.5"})
    proxy.change("UpdateItem", lambda reply: reply, *[aws_error(400, "ThrottlingException")] * 3)
    with pytest.raises(StoreUnavailableError):
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)


def test_a_repeated_request_is_refused_if_its_order_is_unreadable(table):
    order_id = ours(quantity={"S": "2"})
    before = stored(order_id)
    with pytest.raises(UnreadableOrderError):
        place(order_id=order_id)
    assert stored(order_id) == before


# --- Deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", ALL_CHANGES)
@pytest.mark.parametrize("make", [ours, former])
def test_an_unreadable_order_can_be_deleted(table, make, changes):
    for delete in (store.delete, store.delete_unreadable):
        order_id = make(**changes)
        delete(order_id)
        assert stored(order_id) is None


@pytest.mark.parametrize("versions", [{0}, {2}, set()])
def test_deleting_an_unreadable_order_with_another_version_is_refused(table, versions):
    order_id = ours(quantity={"S": "2"})
    with pytest.raises(UnreadableOrderError):
        store.delete(order_id, versions=versions)
    assert stored(order_id) is not None


def test_a_readable_order_is_not_deleted_as_unreadable(table):
    order = placed()
    with pytest.raises(VersionMismatchError):
        store.delete_unreadable(order.order_id)
    assert store.get(order.order_id).version == 1


def test_a_deleted_order_cannot_be_deleted_as_unreadable(table):
    with pytest.raises(OrderNotFoundError):
        store.delete_unreadable("unknown")


def test_a_sweep_counts_an_order_that_becomes_unreadable_after_it_was_listed(proxy):
    order_id = placed().order_id

    def make_it_unreadable(reply):
        make_unreadable(order_id)
        return reply

    proxy.change("Query", make_it_unreadable)
    swept = expiry.sweep(at=NOW + timedelta(hours=61), age=timedelta(hours=60))
    assert (swept.examined, swept.expired, swept.unreadable, swept.failed) == (1, 0, 1, 0)


# --- Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", ALL_CHANGES)
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(status=Status.PENDING),
        Filters(customer_email="ann@example.com"),
        Filters(customer_email="ann@example.com", status=Status.PENDING),
    ],
    ids=["all", "status", "customer", "customer and status"],
)
def test_lists_contain_an_unreadable_order_in_its_position(table, shards, filters, changes):
    orders = place_many(7, customer_email="ann@example.com")
    overwrite(orders[3].order_id, **changes)

    found, cursor = [], None
    while True:
        page = listing.page(filters, limit=3, cursor=cursor)
        found += page.orders
        cursor = page.next
        if cursor is None:
            break
    assert ids(found) == ids(orders)
    assert [type(order) for order in found] == [Order] * 3 + [UnreadableOrder] + [Order] * 3
    assert ids(listing.page(filters, limit=3, cursor=page.previous).orders) == ids(orders[3:6])


def test_an_unreadable_order_is_not_in_lists_of_other_statuses(table):
    ours(quantity={"S": "2"})
    for filters in (Filters(status=Status.EXPIRED), Filters(customer_email="ann@example.com", status=Status.EXPIRED)):
        assert listing.page(filters, limit=5).orders == []


def test_get_many_returns_unreadable_orders_too(table):
    orders = place_many(3)
    overwrite(orders[1].order_id, quantity={"S": "2"})
    found = listing.get_many(ids(orders))
    assert ids(found) == ids(orders)
    assert isinstance(found[1], UnreadableOrder)


def test_orders_newer_than_an_unreadable_order_can_be_listed(table):
    orders = place_many(3)
    overwrite(orders[1].order_id, quantity={"S": "2"})
    unreadable = listing.page(Filters(), limit=3).orders[1]
    newer = listing.page(Filters(), limit=3, cursor=listing.newer_cursor(unreadable, Filters()))
    assert ids(newer.orders) == [orders[0].order_id]


def test_an_unreadable_order_is_logged_only_once(table, caplog):
    order_id = ours(quantity={"S": "2"})
    with caplog.at_level(logging.WARNING, logger="orders.dynamodb"):
        for _ in range(3):
            listing.page(Filters(), limit=5)
            with pytest.raises(UnreadableOrderError):
                store.get(order_id)
    [message] = [record.getMessage() for record in caplog.records if order_id in record.getMessage()]
    assert message == f"Order {order_id} cannot be read: quantity is text, not a number."


# --- Statuses in lower case -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["pending", "Pending", " PENDING"])
@pytest.mark.parametrize("make", [ours, former])
def test_a_status_in_any_case_is_valid_for_reads_and_writes(table, make, spelling):
    order_id = make(status={"S": spelling})
    assert store.get(order_id).status is Status.PENDING
    changed = store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY)
    assert stored(order_id)["status"] == {"S": "PROCESSING"}
    assert [entry.status for entry in changed.history][-1] == Status.PROCESSING

    order_id = make(status={"S": spelling})
    expired = store.expire(order_id, at=NOW, by=BY)
    assert (expired.status, expired.expired_at) == (Status.EXPIRED, NOW)
    assert stored(order_id)["status"] == {"S": "EXPIRED"}


def test_a_final_status_in_lower_case_is_final(table):
    order_id = former(status={"S": "completed"})
    assert store.expire(order_id, at=NOW, by=BY) is None
    assert store.change_status(order_id, Status.COMPLETED, at=NOW, by=BY).status is Status.COMPLETED
    assert stored(order_id)["status"] == {"S": "completed"}


@pytest.mark.parametrize("name", ["customer_name", "customer_email", "version", "history", "updated_at", "expired_at"])
def test_a_null_in_an_optional_attribute_is_allowed(table, name):
    order_id = former(**{name: {"NULL": True}})
    assert store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY, versions={0}).version == 1

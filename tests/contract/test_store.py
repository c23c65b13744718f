from datetime import datetime, timedelta

import pytest

from orders import dynamodb, listing, store
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderError,
    OrderNotFoundError,
    VersionMismatchError,
)
from orders.lifecycle import Status
from orders.models import HistoryEntry, Order
from tests.contract.order_helpers import BY, LATER, NOW, PATHS, all_orders, ids, place, placed, stored
from tests.unit.transitions import pairs

UNKNOWN_ID = "6b1d9c1c-1111-4222-8333-444455556666"
EACH_STATUS = pytest.mark.parametrize("status", list(Status))


# --- Place and get ----------------------------------------------------------------------------------------------------


def test_a_placed_order_is_stored_as_pending_with_its_keys_and_history(table):
    placement = place(customer_email="Ann@Example.com")
    order_id = placement.order.order_id

    assert placement.replayed is False
    assert stored(order_id) == {
        "order_id": {"S": order_id},
        "item": {"S": "Teapot"},
        "quantity": {"N": "2"},
        "status": {"S": "PENDING"},
        "customer_name": {"S": "Ann"},
        "customer_email": {"S": "Ann@Example.com"},
        "created_at": {"S": "2026-11-22T10:15:30.123456Z"},
        "updated_at": {"S": "2026-11-22T10:15:30.123456Z"},
        "version": {"N": "1"},
        "history": {
            "L": [
                {
                    "M": {
                        "status": {"S": "PENDING"},
                        "at": {"S": "2026-11-22T10:15:30.123456Z"},
                        "by": {"S": "staff:anna"},
                    }
                }
            ]
        },
        "status_key": {"S": "PENDING#0"},
        "listing_key": {"S": "ORDERS#0"},
        "customer_key": {"S": "ann@example.com"},
        "created_key": {"S": f"2026-11-22T10:15:30.123456Z#{order_id}"},
    }


def test_an_order_without_an_e_mail_is_in_no_customers_list(table):
    order = placed(customer_email="")
    assert "customer_key" not in stored(order.order_id)
    assert list(Order.by_customer.scan()) == []
    assert ids(listing.page(listing.Filters(), limit=5).orders) == [order.order_id]


def test_two_orders_with_the_same_fields_are_both_placed(table):
    assert place().order.order_id != place().order.order_id
    assert len(all_orders()) == 2


def test_a_naive_instant_is_refused_and_nothing_is_written(table, traffic):
    with pytest.raises(ValueError, match="no time zone"):
        place(at=datetime(2026, 11, 22))  # noqa: DTZ001 (under test)
    assert traffic.operations == []


def test_a_placed_order_can_be_read(table):
    order = placed(customer_email="Ann@Example.com")
    assert store.get(order.order_id).attribute_values == order.attribute_values


def test_getting_an_unknown_order_is_refused(table, traffic):
    with pytest.raises(OrderNotFoundError) as refusal:
        store.get(UNKNOWN_ID)
    assert (refusal.value.code, refusal.value.order_id) == ("order_not_found", UNKNOWN_ID)
    assert traffic.operations == ["GetItem"]


# --- Place with an idempotency key ------------------------------------------------------------------------------------


def test_a_repeated_request_places_nothing_and_returns_the_order(table, traffic):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    before = stored(order_id)
    traffic.clear()

    again = place(order_id=order_id, at=LATER)

    assert traffic.operations == ["PutItem"]
    assert again.replayed is True
    assert again.order.created_at == NOW
    assert stored(order_id) == before
    assert len(all_orders()) == 1


def test_a_repeated_request_returns_the_current_order(table):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    placed(order_id=order_id, status=Status.COMPLETED)
    again = place(order_id=order_id, at=LATER)
    assert (again.replayed, again.order.status, again.order.version) == (True, Status.COMPLETED, 3)


@pytest.mark.parametrize(
    "difference",
    [{"item": "Teapots"}, {"quantity": 3}, {"customer_name": "Bob"}, {"customer_email": "ann@example.com"}],
    ids=lambda difference: next(iter(difference)),
)
def test_the_same_key_for_another_order_is_refused(table, traffic, difference):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    before = stored(order_id)
    traffic.clear()

    with pytest.raises(IdempotencyKeyReusedError) as refusal:
        place(order_id=order_id, at=LATER, **difference)

    assert refusal.value.code == "idempotency_key_reused"
    assert traffic.operations == ["PutItem"]
    assert stored(order_id) == before


def test_a_repeat_at_the_same_instant_is_not_a_replay(table):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    assert place(order_id=order_id).replayed is False
    assert len(all_orders()) == 1


def test_each_caller_has_its_own_keys():
    order_ids = {store.idempotent_order_id(caller=caller, key=key) for caller in ("a", "b") for key in ("k", "l")}
    assert len(order_ids) == 4


def test_the_order_id_of_a_caller_and_key_never_changes():
    """With another namespace, a client that retries across a deploy would place its order twice."""
    assert store.idempotent_order_id(caller="shop", key="k-1") == "d1ea190e-d336-514f-a240-c95b82de565c"


def test_the_key_of_a_deleted_order_places_a_new_order(table):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    store.delete(order_id)
    again = place(order_id=order_id, at=LATER)
    assert (again.replayed, again.order.created_at) == (False, LATER)


# --- Change status ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "to", "allowed"), pairs())
def test_a_status_changes_only_by_allowed_transitions_and_in_one_call(table, traffic, source, to, allowed):
    order = placed(status=source)
    before = stored(order.order_id)
    traffic.clear()

    if allowed or source is to:
        changed = store.change_status(order.order_id, to, at=LATER, by=BY)
        assert changed.status is to
    else:
        with pytest.raises(IllegalTransitionError) as refusal:
            store.change_status(order.order_id, to, at=LATER, by=BY)
        assert refusal.value.code == "illegal_transition"
        assert (refusal.value.order.status, refusal.value.to) == (source, to)

    assert len(traffic) == 1
    if allowed:
        assert stored(order.order_id)["status"] == {"S": to}
    else:
        assert stored(order.order_id) == before


def test_a_status_change_writes_status_key_version_and_history_together(table):
    order = placed(customer_email="Ann@Example.com")
    before = stored(order.order_id)

    changed = store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="api-key:shop")

    after = stored(order.order_id)
    assert {name for name in after if after[name] != before.get(name)} == {
        "status",
        "status_key",
        "updated_at",
        "version",
        "history",
    }
    assert after["status_key"] == {"S": "PROCESSING#0"}
    assert changed.attribute_values == store.get(order.order_id).attribute_values
    assert (changed.version, changed.updated_at, changed.created_at) == (2, LATER, NOW)
    assert changed.history == [
        HistoryEntry(Status.PENDING, NOW, BY),
        HistoryEntry(Status.PROCESSING, LATER, "api-key:shop"),
    ]


def test_a_changed_order_moves_to_the_list_of_its_new_status(table):
    order = placed()
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY)
    assert listing.page(listing.Filters(status=Status.PENDING), limit=5).orders == []
    (listed,) = listing.page(listing.Filters(status=Status.PROCESSING), limit=5).orders
    assert listed.attribute_values == store.get(order.order_id).attribute_values


def test_the_history_lists_every_status_of_the_order(table):
    order = placed(status=Status.COMPLETED)
    assert [entry.status for entry in order.history] == ["PENDING", "PROCESSING", "COMPLETED"]
    assert order.version == 3


@EACH_STATUS
def test_changing_an_unknown_order_creates_none_and_takes_one_call(table, traffic, status):
    with pytest.raises(OrderNotFoundError):
        store.change_status(UNKNOWN_ID, status, at=NOW, by=BY)
    assert len(traffic) == 1
    assert all_orders() == {}


@EACH_STATUS
def test_a_repeated_change_writes_nothing_whatever_the_version(table, status):
    order = placed(status=status)
    before = stored(order.order_id)
    for versions in (None, {order.version}, {order.version - 1}, set()):
        again = store.change_status(order.order_id, status, at=LATER, by=BY, versions=versions)
        assert again.version == order.version
    assert stored(order.order_id) == before


@pytest.mark.parametrize("versions", [None, {1}, {1, 2}, {7, 1, 9}, [1], (1,)])
def test_a_change_with_the_current_version_succeeds(table, versions):
    order = placed()
    assert store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions=versions).version == 2


@pytest.mark.parametrize("versions", [{2}, {0}, {2, 3}, set(), {10**17}])
def test_a_change_with_another_version_is_refused(table, traffic, versions):
    order = placed()
    before = stored(order.order_id)
    traffic.clear()

    with pytest.raises(VersionMismatchError) as refusal:
        store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions=versions)

    assert (refusal.value.code, refusal.value.order.version) == ("version_mismatch", 1)
    assert traffic.operations == ["UpdateItem"]
    assert stored(order.order_id) == before


@pytest.mark.parametrize(
    ("status", "to", "versions", "code"),
    [
        (None, Status.PROCESSING, {1}, "order_not_found"),
        (Status.PENDING, Status.PROCESSING, {2}, "version_mismatch"),
        (Status.COMPLETED, Status.CANCELLED, {3}, "illegal_transition"),
        (Status.COMPLETED, Status.CANCELLED, None, "illegal_transition"),
        # Both apply. The version comes first, because the caller has not seen the current order.
        (Status.COMPLETED, Status.CANCELLED, {1}, "version_mismatch"),
    ],
)
def test_one_call_distinguishes_unknown_stale_and_illegal(traffic, status, to, versions, code):
    order_id = placed(status=status).order_id if status else UNKNOWN_ID
    traffic.clear()
    with pytest.raises(OrderError) as refusal:
        store.change_status(order_id, to, at=LATER, by=BY, versions=versions)
    assert refusal.value.code == code
    assert traffic.operations == ["UpdateItem"]


# --- Expire -----------------------------------------------------------------------------------------------------------


def test_a_pending_order_expires(table, traffic):
    order = placed()
    traffic.clear()

    expired = store.expire(order.order_id, at=LATER, by="system:expire_orders")

    assert traffic.operations == ["UpdateItem"]
    assert (expired.status, expired.version) == (Status.EXPIRED, 2)
    assert expired.expired_at == expired.updated_at == LATER
    assert expired.history[-1] == HistoryEntry(Status.EXPIRED, LATER, "system:expire_orders")
    assert expired.attribute_values == store.get(order.order_id).attribute_values
    assert stored(order.order_id)["status_key"] == {"S": "EXPIRED#0"}


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
def test_an_order_with_another_status_does_not_expire(table, status):
    order = placed(status=status)
    before = stored(order.order_id)
    assert store.expire(order.order_id, at=LATER, by="system:expire_orders") is None
    assert stored(order.order_id) == before


def test_expiring_an_unknown_order_creates_none(table):
    assert store.expire(UNKNOWN_ID, at=NOW, by="system:expire_orders") is None
    assert all_orders() == {}


# --- Delete -----------------------------------------------------------------------------------------------------------


@EACH_STATUS
def test_an_order_with_any_status_can_be_deleted_and_is_then_in_no_list(table, traffic, status):
    order = placed(status=status, customer_email="ann@example.com")
    traffic.clear()

    store.delete(order.order_id)

    assert traffic.operations == ["DeleteItem"]
    assert stored(order.order_id) is None
    for filters in ({}, {"status": status}, {"customer_email": "ann@example.com"}):
        assert listing.page(listing.Filters(**filters), limit=5).orders == []


def test_deleting_an_order_twice_is_refused(table, traffic):
    order = placed()
    store.delete(order.order_id)
    traffic.clear()
    with pytest.raises(OrderNotFoundError):
        store.delete(order.order_id)
    assert traffic.operations == ["DeleteItem"]


def test_deleting_with_another_version_is_refused(table, traffic):
    order = placed(status=Status.PROCESSING)
    traffic.clear()
    for versions in ({1}, {3}, set()):
        with pytest.raises(VersionMismatchError) as refusal:
            store.delete(order.order_id, versions=versions)
        assert refusal.value.order.version == 2
    assert traffic.operations == ["DeleteItem"] * 3
    assert stored(order.order_id) is not None


def test_deleting_with_the_current_version_succeeds(table):
    order = placed(status=Status.PROCESSING)
    store.delete(order.order_id, versions={2})
    assert stored(order.order_id) is None


def test_deleting_a_version_of_an_unknown_order_is_refused(table):
    with pytest.raises(OrderNotFoundError):
        store.delete(UNKNOWN_ID, versions={1})


# --- Other ------------------------------------------------------------------------------------------------------------


def test_a_ping_takes_one_small_read(table, traffic):
    dynamodb.ping()
    assert list(traffic) == [("GetItem", 0.5)]


def test_the_helper_places_an_order_with_each_status(table):
    for status in PATHS:
        assert placed(status=status, at=NOW - timedelta(days=1)).status is status

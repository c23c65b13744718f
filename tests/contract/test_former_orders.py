"""Orders of the former system: without version, history and index keys, and with instants without a time zone."""

from datetime import UTC, datetime

import pytest

from orders import listing, store
from orders.errors import IdempotencyKeyReusedError, IllegalTransitionError, OrderNotFoundError, VersionMismatchError
from orders.lifecycle import Status
from orders.models import HistoryEntry
from tests.contract.order_helpers import BY, LATER, NOW, place, placed, put, stored

ORDER_ID = "0b1c1f6e-8f0a-4d5e-9a53-3f1c2a4b5c6d"
CREATED = datetime(2024, 5, 1, 10, 15, 30, 123456, UTC)


@pytest.fixture
def former(table):
    put(
        {
            "order_id": {"S": ORDER_ID},
            "item": {"S": "Teapot"},
            "quantity": {"N": "2"},
            "status": {"S": "PENDING"},
            "customer_name": {"S": "Ann"},
            "customer_email": {"S": ""},
            "created_at": {"S": "2024-05-01T10:15:30.123456"},
        }
    )
    return stored(ORDER_ID)


def test_a_former_order_can_be_read_and_is_not_changed(former):
    order = store.get(ORDER_ID)
    assert (order.item, order.quantity, order.status) == ("Teapot", 2, Status.PENDING)
    assert order.created_at == order.updated_at == CREATED
    assert (order.version, order.history) == (0, [])
    assert stored(ORDER_ID) == former


def test_a_former_order_that_expired_has_the_instant(table):
    put(
        {
            "order_id": {"S": ORDER_ID},
            "item": {"S": "Teapot"},
            "quantity": {"N": "2"},
            "status": {"S": "EXPIRED"},
            "created_at": {"S": "2024-05-01T10:15:30.123456"},
            "expired_at": {"S": "2024-05-04T00:00:00"},
        }
    )
    assert store.get(ORDER_ID).expired_at == datetime(2024, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("versions", [None, {0}, {0, 4}])
def test_the_first_change_of_a_former_order_adds_a_version_and_a_history(former, versions):
    changed = store.change_status(ORDER_ID, Status.PROCESSING, at=NOW, by=BY, versions=versions)
    assert (changed.status, changed.version, changed.updated_at) == (Status.PROCESSING, 1, NOW)
    assert changed.history == [HistoryEntry(Status.PROCESSING, NOW, BY)]
    assert changed.created_at == CREATED

    completed = store.change_status(ORDER_ID, Status.COMPLETED, at=LATER, by=BY, versions={1})
    assert (completed.version, len(completed.history)) == (2, 2)


@pytest.mark.parametrize("versions", [{1}, set()])
def test_writes_to_a_former_order_with_another_version_are_refused(former, traffic, versions):
    for refused in (
        lambda: store.change_status(ORDER_ID, Status.PROCESSING, at=NOW, by=BY, versions=versions),
        lambda: store.delete(ORDER_ID, versions=versions),
    ):
        with pytest.raises(VersionMismatchError) as refusal:
            refused()
        assert refusal.value.order.version == 0
    assert traffic.operations == ["UpdateItem", "DeleteItem"]
    assert stored(ORDER_ID) == former


def test_an_illegal_transition_of_a_former_order_is_refused_with_the_order(former):
    with pytest.raises(IllegalTransitionError) as refusal:
        store.change_status(ORDER_ID, Status.COMPLETED, at=NOW, by=BY, versions={0})
    assert (refusal.value.order.version, refusal.value.order.history) == (0, [])


def test_version_0_does_not_match_an_order_of_this_app(table):
    order = placed()
    with pytest.raises(VersionMismatchError):
        store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions={0})
    with pytest.raises(VersionMismatchError):
        store.delete(order.order_id, versions={0})


@pytest.mark.parametrize("versions", [None, {0}])
def test_a_former_order_can_be_deleted(former, versions):
    store.delete(ORDER_ID, versions=versions)
    with pytest.raises(OrderNotFoundError):
        store.get(ORDER_ID)


def test_a_former_order_can_expire(former):
    expired = store.expire(ORDER_ID, at=NOW, by="system:expire_orders")
    assert (expired.status, expired.version, expired.expired_at) == (Status.EXPIRED, 1, NOW)


def test_an_idempotency_key_is_not_replayed_for_a_different_former_order(former):
    with pytest.raises(IdempotencyKeyReusedError):
        place(order_id=ORDER_ID, item="Kettle")


def test_a_former_order_is_in_no_list_even_after_its_first_change(former):
    for status in (Status.PENDING, Status.PROCESSING):
        assert listing.page(listing.Filters(), limit=5).orders == []
        assert listing.page(listing.Filters(status=status), limit=5).orders == []
        assert list(listing.due(before=NOW)) == []
        store.change_status(ORDER_ID, Status.PROCESSING, at=NOW, by=BY)

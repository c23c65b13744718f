from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import models
from orders.lifecycle import Status
from orders.models import HistoryEntry, Order, new_order

AT = datetime(2026, 11, 22, 10, 15, 30, 123456, UTC)
ORDER_ID = "0b1c1f6e-8f0a-4d5e-9a53-3f1c2a4b5c6d"
NEW_ORDER = {"item": "Teapot", "quantity": 2, "customer_name": "Ann", "customer_email": "Ann@Example.com"}

FORMER = {
    "order_id": {"S": ORDER_ID},
    "item": {"S": "Teapot"},
    "quantity": {"N": "2"},
    "status": {"S": "PENDING"},
    "customer_name": {"S": "Ann"},
    "customer_email": {"S": ""},
    "created_at": {"S": "2024-05-01T10:15:30.123456"},
}


def an_order(**fields):
    return new_order(**{"order_id": ORDER_ID, **NEW_ORDER, "at": AT, "by": "staff:anna", **fields})


def test_a_new_order_is_pending_with_version_1_and_one_history_entry():
    order = an_order()
    assert (order.status, order.version) == (Status.PENDING, 1)
    assert order.history == [HistoryEntry(Status.PENDING, AT, "staff:anna")]
    assert order.created_at == order.updated_at == AT
    assert order.expired_at is None


def test_a_new_order_has_its_index_keys():
    order = an_order()
    assert order.status_key == "PENDING#0"
    assert order.listing_key == "ORDERS#0"
    assert order.customer_key == "ann@example.com"
    assert order.created_key == f"2026-11-22T10:15:30.123456Z#{ORDER_ID}"


def test_the_customer_key_is_the_canonical_e_mail():
    assert an_order(customer_email="Inf@Bücher.Example").customer_key == "inf@xn--bcher-kva.example"
    assert an_order(customer_email="\u200b").customer_key is None


def test_an_order_without_an_e_mail_has_no_customer_key():
    assert an_order(customer_email="").customer_key is None
    assert "customer_key" not in an_order(customer_email="").serialize()


def test_the_e_mail_is_stored_as_typed():
    assert an_order().customer_email == "Ann@Example.com"


@pytest.mark.parametrize("field", ["created_at", "updated_at", "expired_at"])
def test_a_naive_instant_cannot_be_stored(field):
    order = an_order()
    setattr(order, field, datetime(2026, 11, 22))  # noqa: DTZ001 (under test)
    with pytest.raises(ValueError, match="no time zone"):
        order.serialize()


def test_a_stored_order_can_be_read():
    order = an_order()
    order.status, order.version, order.expired_at = Status.EXPIRED, 2, AT + timedelta(hours=61)
    order.history = [*order.history, HistoryEntry(Status.EXPIRED, AT + timedelta(hours=61), "system:expire_orders")]
    read = Order.from_raw_data(order.serialize())
    assert read.attribute_values == order.attribute_values
    assert isinstance(read.status, Status)


def test_the_history_is_stored_as_a_list_of_maps():
    stored = an_order().serialize()["history"]
    entry = {"status": {"S": "PENDING"}, "at": {"S": "2026-11-22T10:15:30.123456Z"}, "by": {"S": "staff:anna"}}
    assert stored == {"L": [{"M": entry}]}


def test_an_order_of_the_former_system_can_be_read():
    order = Order.from_raw_data(FORMER)
    assert order.created_at == order.updated_at == datetime(2024, 5, 1, 10, 15, 30, 123456, UTC)
    assert (order.version, order.history, order.expired_at) == (0, [], None)
    assert order.status is Status.PENDING
    assert order.created_key is order.status_key is order.listing_key is order.customer_key is None


def test_an_order_of_the_former_system_needs_no_customer():
    bare = {name: value for name, value in FORMER.items() if not name.startswith("customer_")}
    order = Order.from_raw_data(bare)
    assert (order.customer_name, order.customer_email) == ("anonymous", "")


def test_the_allowed_transitions_follow_from_the_status():
    order = an_order()
    assert order.allowed_transitions == (Status.PROCESSING, Status.CANCELLED)
    order.status = Status.PROCESSING
    assert order.allowed_transitions == (Status.COMPLETED, Status.CANCELLED)
    order.status = Status.EXPIRED
    assert order.allowed_transitions == ()


def test_a_change_belongs_to_the_caller_who_made_the_first_change_since():
    order = an_order()
    order.version, order.history = 2, [*order.history, HistoryEntry(Status.PROCESSING, AT, "staff:otto")]
    to = Status.PROCESSING
    assert order.was_moved_by("staff:otto", to=to, since=1)
    assert not order.was_moved_by("staff:anna", to=to, since=1)
    assert not order.was_moved_by("staff:otto", to=to, since=2)
    assert not order.was_moved_by("staff:otto", to=to, since=0)
    assert not order.was_moved_by("staff:otto", to=Status.CANCELLED, since=1)
    # Another caller has moved the order on since.
    order.version, order.history = 3, [*order.history, HistoryEntry(Status.COMPLETED, AT, "staff:anna")]
    assert order.was_moved_by("staff:otto", to=to, since=1)
    assert not order.was_moved_by("staff:anna", to=Status.COMPLETED, since=1)


def test_a_change_without_history_belongs_to_no_caller():
    order = an_order()
    order.version, order.history = 1, []
    assert not order.was_moved_by("staff:otto", to=Status.PROCESSING, since=0)


def test_only_a_pending_order_expires_after_60_hours():
    order = an_order()
    assert order.expires_at == datetime(2026, 11, 24, 22, 15, 30, 123456, UTC)
    order.status = Status.PROCESSING
    assert order.expires_at is None


def test_the_expiry_age_is_a_setting(settings):
    settings.ORDERS_EXPIRY_HOURS = 1
    assert an_order().expires_at == AT + timedelta(hours=1)


def test_the_shard_of_an_order_never_changes(settings):
    """It is the CRC-32 of the id. With another function, no order would be lost, but changed ones would move."""
    settings.ORDERS_INDEX_SHARDS = 4
    ids = [str(UUID(int=number)) for number in range(8)]
    assert [models.shard_of(order_id) for order_id in ids] == [1, 3, 1, 3, 0, 2, 0, 2]
    order = an_order(order_id=ids[1])
    assert (order.status_key, order.listing_key) == ("PENDING#3", "ORDERS#3")


@given(order_id=st.uuids(version=4).map(str), shards=st.integers(1, 50))
def test_every_order_is_in_one_of_the_shards(order_id, shards):
    from django.test import override_settings  # noqa: PLC0415 (a fixture would last for all examples)

    with override_settings(ORDERS_INDEX_SHARDS=shards):
        assert models.shard_of(order_id) in models.shards()


def test_orders_are_distributed_evenly_over_the_shards(settings):
    settings.ORDERS_INDEX_SHARDS = 4
    shards = [models.shard_of(str(UUID(int=number * 0x9E3779B97F4A7C15))) for number in range(4_000)]
    assert all(800 < shards.count(shard) < 1_200 for shard in range(4))


@given(st.lists(st.tuples(st.integers(0, 3), st.uuids().map(str)), min_size=2, max_size=5, unique=True))
def test_created_keys_are_unique_and_sort_by_time(pairs):
    keys = [models.created_key(AT + timedelta(microseconds=offset), order_id) for offset, order_id in pairs]
    assert len(set(keys)) == len(keys)
    assert sorted(keys) == [key for _, key in sorted(zip(pairs, keys, strict=True))]

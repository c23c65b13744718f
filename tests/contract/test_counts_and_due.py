from datetime import timedelta

import pytest
from django.core.cache import cache

from orders import counts, listing
from orders.dynamodb import read
from orders.lifecycle import Status
from tests.contract.order_helpers import HOUR, NOW, ids, make_unreadable, move, place_many, placed

MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


# --- Due --------------------------------------------------------------------------------------------------------------


def test_due_orders_are_sorted_oldest_first_over_all_shards(table, shards):
    orders = place_many(40)
    assert ids(map(read, listing.due(before=NOW - 9 * MINUTE))) == ids(orders[:9:-1])


def test_only_orders_created_before_the_instant_are_due(table, shards):
    placed(at=NOW)
    placed(at=NOW + MICROSECOND)
    before = placed(at=NOW - MICROSECOND)
    assert ids(map(read, listing.due(before=NOW))) == [before.order_id]


def test_only_pending_orders_are_due(table, shards):
    for status in Status:
        placed(status=status, at=NOW - HOUR)
    (due,) = map(read, listing.due(before=NOW))
    assert listing.get_many([due.order_id])[0].status is Status.PENDING


def test_due_orders_include_unreadable_ones(table, shards):
    orders = place_many(5)
    make_unreadable(orders[-1].order_id)
    assert ids(map(read, listing.due(before=NOW + HOUR))) == ids(orders)[::-1]


# --- Counts -----------------------------------------------------------------------------------------------------------


def test_each_status_is_counted(table, shards):
    orders = place_many(12)
    for order in orders[:5]:
        move(order.order_id, Status.CANCELLED)
    assert [counts.count(status) for status in Status] == [7, 0, 0, 5, 0]
    assert counts.count() == 12


def test_a_count_stops_at_its_cap(table, shards):
    place_many(30)
    assert [counts.count(Status.PENDING, cap=cap) for cap in (1, 29, 30, 31)] == [1, 29, 30, 30]
    assert counts.count(cap=7) == 7


@pytest.mark.parametrize("status", [None, Status.PENDING])
def test_a_count_includes_the_start_of_its_range_but_not_its_end(table, shards, status):
    place_many(12)
    assert counts.count(status, after=NOW - 5 * MINUTE, before=NOW - 2 * MINUTE) == 3
    assert counts.count(status, after=NOW - 5 * MINUTE) == 6
    assert counts.count(status, before=NOW - 5 * MINUTE) == 6
    assert counts.count(status, before=NOW - 5 * MINUTE + MICROSECOND) == 7
    assert counts.count(status, after=NOW, before=NOW) == 0
    assert counts.count(status, after=NOW, before=NOW - HOUR) == 0


def test_status_counts_contain_every_status(table, shards):
    orders = place_many(6)
    move(orders[0].order_id, Status.EXPIRED)
    assert counts.status_counts() == {
        Status.PENDING: 5,
        Status.PROCESSING: 0,
        Status.COMPLETED: 0,
        Status.CANCELLED: 0,
        Status.EXPIRED: 1,
    }


def test_status_counts_are_cached_for_some_seconds(table, traffic):
    placed()
    traffic.clear()
    first = counts.status_counts()
    assert traffic.operations == ["Query"] * 5
    placed()
    traffic.clear()

    assert counts.status_counts() == first
    assert traffic.operations == []

    cache.clear()
    assert counts.status_counts()[Status.PENDING] == 2

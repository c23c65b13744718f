"""Machines whose clocks differ write to the same order: no history entry is dated before the one that it follows."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import store
from orders.errors import OrderError
from orders.lifecycle import Status
from orders.models import OUTSIDE, HistoryEntry
from tests.contract.fault_proxy import drop_response
from tests.contract.order_helpers import (
    BY,
    HOUR,
    LATER,
    NOW,
    all_orders,
    overwrite,
    placed,
    race,
    set_outside,
    stored,
)

SWEEP = "system:expire_orders"


def assert_times_are_in_order(order):
    times = [entry.at for entry in order.history]
    assert all(earlier <= later for earlier, later in pairwise([order.created_at, *times, order.updated_at]))
    assert order.updated_at == times[-1]
    if order.expired_at:
        assert order.expired_at == times[-1]


def test_a_change_by_a_machine_whose_clock_is_behind_is_dated_like_the_change_before(traffic):
    order_id = placed().order_id
    traffic.clear()

    changed = store.change_status(order_id, Status.PROCESSING, at=NOW - HOUR, by="staff:bob")

    # The first call finds the later instant, and the second writes.
    assert traffic.operations == ["UpdateItem"] * 2
    assert changed.history == [HistoryEntry(Status.PENDING, NOW, BY), HistoryEntry(Status.PROCESSING, NOW, "staff:bob")]
    assert (changed.updated_at, changed.version) == (NOW, 2)
    assert changed.attribute_values == store.get(order_id).attribute_values


def test_a_change_at_the_instant_of_the_change_before_takes_one_call(traffic):
    order_id = placed().order_id
    traffic.clear()
    store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY)
    assert traffic.operations == ["UpdateItem"]


def test_an_order_that_was_changed_after_the_instant_of_the_sweep_expires_at_its_last_change(table):
    order_id = placed(at=LATER).order_id
    expired = store.expire(order_id, at=NOW, by=SWEEP)
    assert expired.expired_at == expired.updated_at == expired.history[-1].at == LATER
    assert expired.attribute_values == store.get(order_id).attribute_values


def test_a_repair_is_not_dated_before_the_last_change(table):
    order_id = placed(at=LATER).order_id
    set_outside(order_id, "CANCELLED")
    repaired = store.repair(store.get(order_id), at=NOW)
    assert repaired.history[-1] == HistoryEntry(Status.CANCELLED, LATER, OUTSIDE)
    assert_times_are_in_order(store.get(order_id))


def test_a_change_of_an_order_changed_outside_is_not_dated_before_the_last_change(table):
    order_id = placed(at=LATER).order_id
    set_outside(order_id, "PROCESSING")
    changed = store.change_status(order_id, Status.COMPLETED, at=NOW, by=BY)
    assert [entry.at for entry in changed.history] == [LATER] * 3
    assert_times_are_in_order(changed)


@pytest.mark.parametrize("attribute", ["updated_at", "created_at"])
def test_an_entry_follows_the_latest_time_of_the_order(table, attribute):
    """Another program may have changed one of them."""
    order_id = placed().order_id
    overwrite(order_id, **{attribute: {"S": "2026-11-22T12:00:00.000000Z"}}, version=None)
    assert store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY).history[-1].at == NOW + timedelta(
        hours=1, minutes=44, seconds=29, microseconds=876544
    )


def test_an_illegal_transition_by_a_machine_whose_clock_is_behind_is_refused(table):
    order_id = placed(status=Status.COMPLETED).order_id
    before = stored(order_id)
    with pytest.raises(OrderError) as refusal:
        store.change_status(order_id, Status.CANCELLED, at=NOW - HOUR, by=BY)
    assert refusal.value.code == "illegal_transition"
    with pytest.raises(OrderError) as refusal:
        store.change_status(order_id, Status.CANCELLED, at=NOW - HOUR, by=BY, versions={1})
    assert refusal.value.code == "version_mismatch"
    assert stored(order_id) == before


def test_a_change_by_a_machine_whose_clock_is_behind_is_made_once_if_its_response_is_lost(proxy):
    order_id = placed().order_id
    proxy.change("UpdateItem", lambda reply: reply, drop_response)
    changed = store.change_status(order_id, Status.PROCESSING, at=NOW - HOUR, by=BY)
    assert (changed.version, store.get(order_id).version) == (2, 2)


def test_concurrent_changes_by_machines_with_different_clocks_are_in_order(table):
    for _ in range(15):
        order_id = placed().order_id
        race(
            lambda order_id=order_id: store.change_status(order_id, Status.PROCESSING, at=LATER, by="one"),
            lambda order_id=order_id: store.change_status(order_id, Status.CANCELLED, at=NOW - HOUR, by="two"),
            lambda order_id=order_id: store.expire(order_id, at=NOW, by=SWEEP),
        )
        order = store.get(order_id)
        assert_times_are_in_order(order)
        assert order.version == len(order.history) > 1


minutes = st.integers(-90, 90).map(lambda number: timedelta(minutes=number))
STEPS = {
    "process": lambda order_id, at: store.change_status(order_id, Status.PROCESSING, at=at, by=BY),
    "complete": lambda order_id, at: store.change_status(order_id, Status.COMPLETED, at=at, by=BY),
    "cancel": lambda order_id, at: store.change_status(order_id, Status.CANCELLED, at=at, by=BY),
    "expire": lambda order_id, at: store.expire(order_id, at=at, by=SWEEP),
    "repair": lambda order_id, at: store.repair(store.get(order_id), at=at),
    "another program sets PENDING": lambda order_id, _: set_outside(order_id, "PENDING"),
    "another program sets PROCESSING": lambda order_id, _: set_outside(order_id, "PROCESSING"),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(created=minutes, steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), minutes), max_size=6))
def test_the_times_of_an_order_never_run_backwards(table, created, steps):
    order_id = placed(at=NOW + created).order_id
    for name, skew in steps:
        before = store.get(order_id)
        try:
            STEPS[name](order_id, NOW + skew)
        except OrderError:
            assert store.get(order_id).attribute_values == before.attribute_values
        after = store.get(order_id)
        assert after.history[: len(before.history)] == before.history
        times = [entry.at for entry in after.history]
        assert times == sorted(times)
        assert after.updated_at == times[-1]
        assert after.expired_at is None or after.expired_at in times
    assert order_id in all_orders()

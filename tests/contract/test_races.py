"""Concurrent writes by real threads to the real engine: one succeeds, and every history follows the lifecycle."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from orders import store
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    VersionMismatchError,
)
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.order_helpers import BY, LATER, all_orders, place, placed, race, stored
from tests.unit.transitions import pairs

ROUNDS = 25

TRANSITIONS = {(source, to) for source, to, allowed in pairs() if allowed} | {(Status.PENDING, Status.EXPIRED)}


def rounds() -> Iterator[str]:
    """An idempotency key for each round."""
    return (f"round-{number}" for number in range(ROUNDS))


def change(order_id: str, to: Status, *, by: str = BY, versions: set[int] | None = None):
    return lambda: store.change_status(order_id, to, at=LATER, by=by, versions=versions)


def assert_history_is_consistent(order: Order) -> None:
    statuses = [entry.status for entry in order.history]
    assert statuses[0] is Status.PENDING
    assert set(pairwise(statuses)) <= TRANSITIONS
    assert statuses[-1] is order.status
    assert order.version == len(statuses)


def successes(results):
    return [result for result in results if not isinstance(result, Exception)]


def errors(results):
    return [type(result) for result in results if isinstance(result, Exception)]


def test_only_one_of_two_final_statuses_is_set(table):
    for _ in rounds():
        order_id = placed(status=Status.PROCESSING).order_id
        results = race(change(order_id, Status.COMPLETED, by="one"), change(order_id, Status.CANCELLED, by="other"))
        (winner,) = successes(results)
        assert errors(results) == [IllegalTransitionError]
        after = store.get(order_id)
        assert after.attribute_values == winner.attribute_values
        assert_history_is_consistent(after)


def test_only_one_of_two_callers_with_the_same_version_changes_the_order(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(
            change(order_id, Status.PROCESSING, versions={1}), change(order_id, Status.CANCELLED, versions={1})
        )
        (winner,) = successes(results)
        assert errors(results) == [VersionMismatchError]
        after = store.get(order_id)
        assert (after.status, after.version) == (winner.status, 2)
        assert_history_is_consistent(after)


def test_callers_that_set_the_same_status_all_succeed_and_it_is_written_once(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(*[change(order_id, Status.PROCESSING, by=by) for by in ("one", "two", "three")])
        assert errors(results) == []
        assert {result.history[-1].by for result in results} == {store.get(order_id).history[-1].by}
        assert store.get(order_id).version == 2


def test_concurrent_processing_and_cancelling_follow_the_lifecycle(table):
    for _ in rounds():
        order_id = placed().order_id
        processed, cancelled = race(change(order_id, Status.PROCESSING), change(order_id, Status.CANCELLED))
        after = store.get(order_id)
        assert cancelled.status is after.status is Status.CANCELLED
        # Processing either came first or was refused.
        assert after.version == (2 if isinstance(processed, IllegalTransitionError) else 3)
        assert_history_is_consistent(after)


def test_either_the_sweep_or_a_caller_changes_an_order(table):
    for _ in rounds():
        order_id = placed().order_id
        expired, processed = race(
            lambda order_id=order_id: store.expire(order_id, at=LATER, by="system:expire_orders"),
            change(order_id, Status.PROCESSING),
        )
        after = store.get(order_id)
        assert after.version == 2
        assert_history_is_consistent(after)
        if after.status is Status.EXPIRED:
            assert expired.status is Status.EXPIRED
            assert isinstance(processed, IllegalTransitionError)
        else:
            assert expired is None
            assert processed.status is Status.PROCESSING


def test_a_status_change_never_restores_a_deleted_order(table):
    for _ in rounds():
        order_id = placed().order_id
        deleted, changed = race(lambda order_id=order_id: store.delete(order_id), change(order_id, Status.PROCESSING))
        assert deleted is None
        assert isinstance(changed, OrderNotFoundError) or changed.status is Status.PROCESSING
        assert stored(order_id) is None


def test_only_one_of_several_deletions_succeeds(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(*[lambda order_id=order_id: store.delete(order_id)] * 3)
        assert sorted(result is None for result in results) == [False, False, True]
        assert set(errors(results)) == {OrderNotFoundError}


def test_concurrent_requests_with_the_same_key_place_one_order(table):
    for key in rounds():
        order_id = store.idempotent_order_id(caller="shop", key=key)
        instants = [LATER + timedelta(microseconds=number) for number in range(6)]
        results = race(*[lambda at=at, order_id=order_id: place(order_id=order_id, at=at) for at in instants])
        assert errors(results) == []
        (first,) = [result for result in results if not result.replayed]
        assert {result.order.created_at for result in results} == {first.order.created_at}
    assert len(all_orders()) == ROUNDS


@pytest.mark.parametrize("at", [LATER, LATER + timedelta(seconds=1)], ids=["same instant", "another instant"])
def test_only_one_of_two_different_orders_with_the_same_key_is_placed(table, at):
    for key in rounds():
        order_id = store.idempotent_order_id(caller="shop", key=key)
        results = race(
            lambda order_id=order_id: place(order_id=order_id, item="Teapot", at=LATER),
            lambda order_id=order_id: place(order_id=order_id, item="Kettle", at=at),
        )
        (winner,) = successes(results)
        assert winner.replayed is False
        assert errors(results) == [IdempotencyKeyReusedError]
        assert stored(order_id)["item"] == {"S": winner.order.item}

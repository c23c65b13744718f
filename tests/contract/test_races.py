"""Real threads against the real engine: whoever comes second is refused, and every history is one path."""

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
from tests.contract.order_helpers import BY, LATER, everything, place, placed, race, stored
from tests.unit.arrows import pairs

ROUNDS = 25

ARROWS = {(source, to) for source, to, allowed in pairs() if allowed} | {(Status.PENDING, Status.EXPIRED)}


def rounds() -> Iterator[str]:
    """The caller's key of each round."""
    return (f"round-{number}" for number in range(ROUNDS))


def change(order_id: str, to: Status, *, by: str = BY, versions: set[int] | None = None):
    return lambda: store.change_status(order_id, to, at=LATER, by=by, versions=versions)


def assert_one_path(order: Order) -> None:
    steps = [entry.status for entry in order.history]
    assert steps[0] is Status.PENDING
    assert set(pairwise(steps)) <= ARROWS
    assert steps[-1] is order.status
    assert order.version == len(steps)


def won(results):
    return [result for result in results if not isinstance(result, Exception)]


def lost(results):
    return [type(result) for result in results if isinstance(result, Exception)]


def test_of_two_different_ends_exactly_one_is_reached(table):
    for _ in rounds():
        order_id = placed(status=Status.PROCESSING).order_id
        results = race(change(order_id, Status.COMPLETED, by="one"), change(order_id, Status.CANCELLED, by="other"))
        (winner,) = won(results)
        assert lost(results) == [IllegalTransitionError]
        after = store.get(order_id)
        assert after.attribute_values == winner.attribute_values
        assert_one_path(after)


def test_of_two_who_saw_the_same_version_exactly_one_changes_it(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(
            change(order_id, Status.PROCESSING, versions={1}), change(order_id, Status.CANCELLED, versions={1})
        )
        (winner,) = won(results)
        assert lost(results) == [VersionMismatchError]
        after = store.get(order_id)
        assert (after.status, after.version) == (winner.status, 2)
        assert_one_path(after)


def test_two_who_want_the_same_both_get_it_and_it_is_written_once(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(*[change(order_id, Status.PROCESSING, by=by) for by in ("one", "two", "three")])
        assert lost(results) == []
        assert {result.history[-1].by for result in results} == {store.get(order_id).history[-1].by}
        assert store.get(order_id).version == 2


def test_processing_and_cancelling_at_once_leave_one_lawful_path(table):
    for _ in rounds():
        order_id = placed().order_id
        processed, cancelled = race(change(order_id, Status.PROCESSING), change(order_id, Status.CANCELLED))
        after = store.get(order_id)
        assert cancelled.status is after.status is Status.CANCELLED
        # Either processing came first, or it came too late.
        assert after.version == (2 if isinstance(processed, IllegalTransitionError) else 3)
        assert_one_path(after)


def test_the_sweep_and_a_person_never_both_get_an_order(table):
    for _ in rounds():
        order_id = placed().order_id
        expired, processed = race(
            lambda order_id=order_id: store.expire(order_id, at=LATER, by="system:expire_orders"),
            change(order_id, Status.PROCESSING),
        )
        after = store.get(order_id)
        assert after.version == 2
        assert_one_path(after)
        if after.status is Status.EXPIRED:
            assert expired.status is Status.EXPIRED
            assert isinstance(processed, IllegalTransitionError)
        else:
            assert expired is None
            assert processed.status is Status.PROCESSING


def test_a_change_never_brings_a_deleted_order_back(table):
    for _ in rounds():
        order_id = placed().order_id
        deleted, changed = race(lambda order_id=order_id: store.delete(order_id), change(order_id, Status.PROCESSING))
        assert deleted is None
        assert isinstance(changed, OrderNotFoundError) or changed.status is Status.PROCESSING
        assert stored(order_id) is None


def test_of_two_who_delete_one_does(table):
    for _ in rounds():
        order_id = placed().order_id
        results = race(*[lambda order_id=order_id: store.delete(order_id)] * 3)
        assert sorted(result is None for result in results) == [False, False, True]
        assert set(lost(results)) == {OrderNotFoundError}


def test_a_request_sent_many_times_at_once_places_one_order(table):
    for key in rounds():
        order_id = store.idempotent_order_id(caller="shop", key=key)
        moments = [LATER + timedelta(microseconds=number) for number in range(6)]
        results = race(*[lambda at=at, order_id=order_id: place(order_id=order_id, at=at) for at in moments])
        assert lost(results) == []
        (first,) = [result for result in results if not result.replayed]
        assert {result.order.created_at for result in results} == {first.order.created_at}
    assert len(everything()) == ROUNDS


@pytest.mark.parametrize("at", [LATER, LATER + timedelta(seconds=1)], ids=["same instant", "another instant"])
def test_of_two_different_orders_under_one_key_one_is_placed(table, at):
    for key in rounds():
        order_id = store.idempotent_order_id(caller="shop", key=key)
        results = race(
            lambda order_id=order_id: place(order_id=order_id, item="Teapot", at=LATER),
            lambda order_id=order_id: place(order_id=order_id, item="Kettle", at=at),
        )
        (winner,) = won(results)
        assert winner.replayed is False
        assert lost(results) == [IdempotencyKeyReusedError]
        assert stored(order_id)["item"] == {"S": winner.order.item}

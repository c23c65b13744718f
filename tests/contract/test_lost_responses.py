"""The engine carries out a request, its response is lost and botocore retries: no change may be made twice."""

from functools import partial

import pytest

from orders import store
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    StoreUnavailableError,
)
from orders.lifecycle import Status
from tests.contract.fault_proxy import aws_error, drop_response, refusal
from tests.contract.order_helpers import BY, LATER, NOW, all_orders, move, place, placed, set_outside, stored

UNKNOWN_ID = "6b1d9c1c-1111-4222-8333-444455556666"


def test_an_order_is_placed_once_and_is_not_a_replay(proxy):
    proxy.change("PutItem", drop_response)
    placement = place()
    assert proxy.operations == ["PutItem", "PutItem"]
    assert placement.replayed is False
    assert set(all_orders()) == {placement.order.order_id}


def test_an_order_with_an_idempotency_key_is_placed_once_and_is_not_a_replay(proxy):
    proxy.change("PutItem", drop_response, drop_response)
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    assert place(order_id=order_id).replayed is False
    assert proxy.operations == ["PutItem"] * 3
    assert set(all_orders()) == {order_id}


def test_a_replay_whose_response_is_lost_is_still_a_replay(proxy):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    proxy.change("PutItem", drop_response)
    assert place(order_id=order_id, at=LATER).replayed is True


def test_a_reused_key_is_still_refused_if_the_response_is_lost(proxy):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    proxy.change("PutItem", drop_response)
    with pytest.raises(IdempotencyKeyReusedError):
        place(order_id=order_id, item="Kettle")


@pytest.mark.parametrize("versions", [None, {1}])
def test_a_status_is_changed_once(proxy, versions):
    order = placed()
    proxy.change("UpdateItem", drop_response)

    changed = store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions=versions)

    assert proxy.operations.count("UpdateItem") == 2
    assert (changed.status, changed.version) == (Status.PROCESSING, 2)
    assert [entry.status for entry in store.get(order.order_id).history] == ["PENDING", "PROCESSING"]


def lose_response_after(*others):
    """Drop the response, after other callers have acted on the order."""

    def change(_):
        for other in others:
            other()

    return change


@pytest.mark.parametrize("versions", [None, {1}])
def test_a_change_succeeds_although_another_caller_moves_the_order_on_before_the_retry(proxy, versions):
    order_id = placed().order_id
    move_on = partial(store.change_status, order_id, Status.COMPLETED, at=LATER, by="staff:bob")
    proxy.change("UpdateItem", lose_response_after(move_on))

    current = store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY, versions=versions)

    assert (current.status, current.version) == (Status.COMPLETED, 3)
    assert current.attribute_values == store.get(order_id).attribute_values
    assert [entry.by for entry in current.history] == [BY, BY, "staff:bob"]


def test_a_change_of_an_order_changed_outside_succeeds_although_it_is_moved_on_before_the_retry(proxy):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")
    move_on = partial(set_outside, order_id, "PENDING")
    # The first write is refused, and the response to the second is lost.
    proxy.change("UpdateItem", lambda reply: reply, lose_response_after(move_on))
    current = store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY)
    assert (current.status, current.version) == (Status.PENDING, 3)


def test_a_change_is_refused_if_another_caller_made_the_same_one_and_moved_the_order_on(proxy):
    order_id = placed().order_id

    def throttle():
        store.change_status(order_id, Status.PROCESSING, at=NOW, by="staff:bob")
        store.change_status(order_id, Status.COMPLETED, at=NOW, by="staff:bob")
        return refusal(400, "ThrottlingException")()

    proxy.refuse("UpdateItem", throttle)
    with pytest.raises(IllegalTransitionError):
        store.change_status(order_id, Status.PROCESSING, at=NOW, by=BY)
    assert [entry.by for entry in store.get(order_id).history] == [BY, "staff:bob", "staff:bob"]


def test_a_change_of_an_order_that_is_deleted_before_the_retry_finds_no_order(proxy):
    order_id = placed().order_id
    proxy.change("UpdateItem", lose_response_after(partial(store.delete, order_id)))
    with pytest.raises(OrderNotFoundError):
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)


def test_an_order_counts_as_expired_although_another_program_sets_its_status_before_the_retry(proxy):
    order_id = placed().order_id
    proxy.change("UpdateItem", lose_response_after(partial(set_outside, order_id, "PENDING")))
    expired = store.expire(order_id, at=LATER, by="system:expire_orders")
    assert [entry.status for entry in expired.history] == ["PENDING", "EXPIRED"]


def test_an_order_is_expired_once_and_returned(proxy):
    order = placed()
    proxy.change("UpdateItem", drop_response)

    expired = store.expire(order.order_id, at=LATER, by="system:expire_orders")

    assert proxy.operations.count("UpdateItem") == 2
    assert (expired.status, expired.version) == (Status.EXPIRED, 2)


def test_an_order_that_another_sweep_expired_is_not_returned(proxy):
    order = placed()
    move(order.order_id, Status.EXPIRED, at=NOW)
    proxy.change("UpdateItem", drop_response)
    assert store.expire(order.order_id, at=LATER, by="system:expire_orders") is None


def test_an_order_that_another_sweep_expired_at_the_same_instant_is_not_returned(proxy):
    order = placed()
    move(order.order_id, Status.EXPIRED, at=LATER)
    assert store.expire(order.order_id, at=LATER, by="system:expire_orders") is None


@pytest.mark.parametrize("versions", [None, {1}])
def test_a_retried_deletion_succeeds(proxy, versions):
    order = placed()
    proxy.change("DeleteItem", drop_response)

    store.delete(order.order_id, versions=versions)

    assert proxy.operations.count("DeleteItem") == 2
    assert stored(order.order_id) is None


def test_deleting_an_unknown_order_is_refused(proxy):
    with pytest.raises(OrderNotFoundError):
        store.delete(UNKNOWN_ID)
    assert proxy.operations == ["DeleteItem"]


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_deleting_an_unknown_order_after_a_throttle_is_refused(proxy, code):
    """A throttled attempt has certainly deleted nothing."""
    proxy.refuse("DeleteItem", refusal(400, code), refusal(400, code))
    with pytest.raises(OrderNotFoundError):
        store.delete(UNKNOWN_ID)
    assert proxy.operations == ["DeleteItem"] * 3


@pytest.mark.parametrize("first", [drop_response, aws_error(500, "InternalServerError")])
def test_a_deletion_that_may_have_succeeded_before_a_throttle_succeeds(proxy, first):
    order = placed()

    def throttle_next(reply):
        proxy.refuse("DeleteItem", refusal(400, "ThrottlingException"))
        return first(reply)

    proxy.change("DeleteItem", throttle_next)
    store.delete(order.order_id)
    assert proxy.operations.count("DeleteItem") == 3
    assert stored(order.order_id) is None


def test_a_read_is_retried(proxy):
    order = placed()
    proxy.change("GetItem", drop_response)
    assert store.get(order.order_id).order_id == order.order_id
    assert proxy.operations == ["PutItem", "GetItem", "GetItem"]


def test_temporary_errors_are_retried(proxy):
    proxy.change("PutItem", aws_error(500, "InternalServerError"), aws_error(400, "ThrottlingException"))
    assert place().replayed is False
    assert proxy.operations == ["PutItem"] * 3


def test_a_call_fails_after_three_attempts_without_a_response(proxy):
    proxy.change("PutItem", drop_response, drop_response, drop_response, drop_response)
    with pytest.raises(StoreUnavailableError):
        place()
    assert proxy.operations == ["PutItem"] * 3

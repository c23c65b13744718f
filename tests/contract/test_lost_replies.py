"""The engine does its work, the reply is lost, and botocore sends the request again: nothing may happen twice."""

import pytest

from orders import store
from orders.errors import IdempotencyKeyReusedError, OrderNotFoundError, StoreUnavailableError
from orders.lifecycle import Status
from tests.contract.fault_proxy import lost, refused
from tests.contract.order_helpers import BY, LATER, NOW, everything, move, place, placed, stored

NOBODY = "6b1d9c1c-1111-4222-8333-444455556666"


def test_an_order_is_placed_once_and_not_called_a_replay(way):
    way.change("PutItem", lost)
    placement = place()
    assert way.operations == ["PutItem", "PutItem"]
    assert placement.replayed is False
    assert set(everything()) == {placement.order.order_id}


def test_an_order_under_a_key_is_placed_once_and_not_called_a_replay(way):
    way.change("PutItem", lost, lost)
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    assert place(order_id=order_id).replayed is False
    assert way.operations == ["PutItem"] * 3
    assert set(everything()) == {order_id}


def test_a_replay_is_still_one_when_its_own_reply_is_lost(way):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    way.change("PutItem", lost)
    assert place(order_id=order_id, at=LATER).replayed is True


def test_another_order_under_the_key_is_still_refused_when_the_reply_is_lost(way):
    order_id = store.idempotent_order_id(caller="shop", key="k-1")
    place(order_id=order_id)
    way.change("PutItem", lost)
    with pytest.raises(IdempotencyKeyReusedError):
        place(order_id=order_id, item="Kettle")


@pytest.mark.parametrize("versions", [None, {1}])
def test_a_status_changes_once(way, versions):
    order = placed()
    way.change("UpdateItem", lost)

    changed = store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions=versions)

    assert way.operations.count("UpdateItem") == 2
    assert (changed.status, changed.version) == (Status.PROCESSING, 2)
    assert [entry.status for entry in store.get(order.order_id).history] == ["PENDING", "PROCESSING"]


def test_an_order_is_expired_once_and_said_to_be(way):
    order = placed()
    way.change("UpdateItem", lost)

    expired = store.expire(order.order_id, at=LATER, by="system:expire_orders")

    assert way.operations.count("UpdateItem") == 2
    assert (expired.status, expired.version) == (Status.EXPIRED, 2)


def test_an_order_that_another_sweep_expired_is_not_claimed(way):
    order = placed()
    move(order.order_id, Status.EXPIRED, at=NOW)
    way.change("UpdateItem", lost)
    assert store.expire(order.order_id, at=LATER, by="system:expire_orders") is None


def test_an_order_that_was_expired_by_a_sweep_of_the_same_instant_is_not_claimed(way):
    order = placed()
    move(order.order_id, Status.EXPIRED, at=LATER)
    assert store.expire(order.order_id, at=LATER, by="system:expire_orders") is None


@pytest.mark.parametrize("versions", [None, {1}])
def test_a_deleted_order_is_not_called_unknown(way, versions):
    order = placed()
    way.change("DeleteItem", lost)

    store.delete(order.order_id, versions=versions)

    assert way.operations.count("DeleteItem") == 2
    assert stored(order.order_id) is None


def test_an_order_that_never_was_is_unknown_when_it_is_deleted(way):
    with pytest.raises(OrderNotFoundError):
        store.delete(NOBODY)
    assert way.operations == ["DeleteItem"]


def test_a_get_is_simply_asked_again(way):
    order = placed()
    way.change("GetItem", lost)
    assert store.get(order.order_id).order_id == order.order_id
    assert way.operations == ["PutItem", "GetItem", "GetItem"]


def test_a_passing_fault_of_the_engine_is_not_noticed(way):
    way.change("PutItem", refused(500, "InternalServerError"), refused(400, "ThrottlingException"))
    assert place().replayed is False
    assert way.operations == ["PutItem"] * 3


def test_an_engine_that_never_answers_is_given_up_after_three_attempts(way):
    way.change("PutItem", lost, lost, lost, lost)
    with pytest.raises(StoreUnavailableError):
        place()
    assert way.operations == ["PutItem"] * 3

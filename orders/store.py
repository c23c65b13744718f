"""One order: place, get, change status, expire, delete. Each write is one conditional call to DynamoDB.

Callers pass the instant (`at`) and the hand (`by`); nothing here reads the clock or the request. Every function raises
StoreUnavailableError when DynamoDB does not answer.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from pynamodb.constants import ALL_NEW, DELETE_ITEM, ITEM, PUT_ITEM, UPDATE_ITEM
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Value
from pynamodb.expressions.update import Action

from orders import lifecycle
from orders.dynamodb import ConditionRefusedError, faults_as_order_errors, write
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    VersionMismatchError,
)
from orders.lifecycle import Status
from orders.models import UNVERSIONED, HistoryEntry, Order, new_order, shard_of, status_key
from orders.text import tidy_email

IDEMPOTENCY_NAMESPACE = UUID("5a3f6b0e-6a55-4c0e-9d0f-0e7f1c1b7a52")

IMPOSSIBLE_VERSION = -1

Versions = Collection[int] | None
"""The versions that a caller has seen and will accept; None accepts any."""


class Placement(NamedTuple):
    order: Order
    replayed: bool
    """The order stood there already: this is the repeat of a request that had been carried out."""


def idempotent_order_id(*, caller: str, key: str) -> str:
    """The id of the order that `caller` places under `key`: the same two, the same id, so the key is the lock."""
    return str(uuid5(IDEMPOTENCY_NAMESPACE, f"{caller}\n{key}"))


def place(  # noqa: PLR0913 (an order's fields, by keyword)
    *,
    item: str,
    quantity: int,
    customer_name: str,
    customer_email: str,
    at: datetime,
    by: str,
    order_id: str | None = None,
) -> Placement:
    """Place a PENDING order under a new id, or under the given one of `idempotent_order_id`.

    A repeat under the same id places nothing and returns what stands there.
    Raises IdempotencyKeyReusedError when another order stands there.
    """
    order = new_order(
        order_id=order_id or str(uuid4()),
        item=item,
        quantity=quantity,
        customer_name=customer_name,
        customer_email=customer_email,
        at=at,
        by=by,
    )
    try:
        _put(order)
    except ConditionRefusedError as refused:
        return _placed_before(order, refused.order)
    return Placement(order, replayed=False)


def _put(order: Order) -> None:
    # Holds when the id is new: the primary key itself forbids the duplicate.
    condition = Order.order_id.does_not_exist()
    write(PUT_ITEM, order.order_id, key=ITEM, attributes=order.serialize(), condition=condition)


def _placed_before(order: Order, existing: Order | None) -> Placement:
    if existing is None or _wish(existing) != _wish(order):
        raise IdempotencyKeyReusedError
    # The same instant: our own call, whose reply was lost and which was therefore sent again.
    return Placement(existing, replayed=existing.created_at != order.created_at)


def _wish(order: Order) -> tuple[object, ...]:
    # An e-mail that was stored before its letters were composed is still the one of this request.
    return order.item, order.quantity, order.customer_name, tidy_email(order.customer_email)


def get(order_id: str) -> Order:
    """The order as of now (a consistent read). Raises OrderNotFoundError."""
    try:
        with faults_as_order_errors():
            return Order.get(order_id, consistent_read=True)
    except DoesNotExist:
        raise OrderNotFoundError(order_id) from None


def change_status(order_id: str, to: Status, *, at: datetime, by: str, versions: Versions = None) -> Order:
    """Move the order to `to` and return it as it then stands; an order that is there already is left as it is.

    Raises OrderNotFoundError, VersionMismatchError (its version is none of `versions`) or IllegalTransitionError.
    """
    sources = lifecycle.sources(to)
    if not sources:
        return _settled(get(order_id), to, versions)
    # Holds when the order exists, stands where an arrow leads to `to`, and is as the caller saw it.
    condition = _seen(versions, Order.status.is_in(*sources))
    try:
        return _move(order_id, to, at=at, by=by, condition=condition)
    except ConditionRefusedError as refused:
        if refused.order is None:
            raise OrderNotFoundError(order_id) from None
        return _settled(refused.order, to, versions)


def _settled(order: Order, to: Status, versions: Versions) -> Order:
    """The order, if it needed no move. A repeated request must succeed, so that is asked first (RFC 9110, 13.1.1)."""
    if order.status is to:
        return order
    if versions is not None and order.version not in versions:
        raise VersionMismatchError(order)
    raise IllegalTransitionError(order, to)


def expire(order_id: str, *, at: datetime, by: str) -> Order | None:
    """Move a PENDING order to EXPIRED; None for one that has moved on or is gone. For the sweep alone."""
    try:
        # Holds when nobody, another sweep included, has moved the order on.
        condition = Order.status == Status.PENDING
        return _move(order_id, Status.EXPIRED, at=at, by=by, condition=condition, more=[Order.expired_at.set(at)])
    except ConditionRefusedError as refused:
        # Sent twice and expired at this very instant: our own first call did it, and only its reply was lost.
        if refused.retried and refused.order is not None and refused.order.expired_at == at:
            return refused.order
        return None


def _move(  # noqa: PLR0913 (the parts of one write)
    order_id: str, to: Status, *, at: datetime, by: str, condition: Condition, more: Collection[Action] = ()
) -> Order:
    actions = [
        Order.status.set(to),
        Order.status_key.set(status_key(to, shard_of(order_id))),
        Order.updated_at.set(at),
        # An order of the former system has neither version nor history; its first move gives it both.
        Order.version.set((Order.version | UNVERSIONED) + 1),
        Order.history.set((Order.history | []).append(Value([HistoryEntry(to, at, by)], Order.history))),
        *more,
    ]
    reply = write(UPDATE_ITEM, order_id, actions=actions, condition=condition, return_values=ALL_NEW)
    return Order.from_raw_data(reply["Attributes"])


def delete(order_id: str, *, versions: Versions = None) -> None:
    """Delete the order. Raises OrderNotFoundError or VersionMismatchError (its version is none of `versions`)."""
    # Holds when the order exists and is as the caller saw it.
    condition = _seen(versions, Order.order_id.exists())
    try:
        write(DELETE_ITEM, order_id, condition=condition)
    except ConditionRefusedError as refused:
        if refused.order is not None:
            raise VersionMismatchError(refused.order) from None
        # Sent twice and gone: our own first call deleted it, and only its reply was lost.
        if not refused.retried:
            raise OrderNotFoundError(order_id) from None


def _seen(versions: Versions, condition: Condition) -> Condition:
    """`condition`, and the order is at one of the `versions`."""
    if versions is None:
        return condition
    # No version at all is what an empty collection accepts: the write is refused, and the refusal tells why.
    known = Order.version.is_in(*versions) if versions else Order.version == IMPOSSIBLE_VERSION
    if UNVERSIONED in versions:
        known |= Order.version.does_not_exist()
    both: Condition = condition & known
    return both


def ping() -> None:
    """Return when DynamoDB answers and the table is there, at the cost of one small read.

    Raises StoreUnavailableError otherwise.
    """
    with faults_as_order_errors(), suppress(DoesNotExist):
        Order.get("-", attributes_to_get=["order_id"])

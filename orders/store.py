"""One order: place, get, change status, expire, delete. Each write is one conditional call to DynamoDB.

An order that another program has created or changed takes a second call. The condition of the first call is true only
for an order as this module writes it. When it fails, DynamoDB returns the item, and if that is a valid order, the
second call writes it on the condition that nothing has changed. An order that cannot be read is therefore not written.

A UUID may be passed in upper case, except to `expire` and `repair`, which take the id as it is stored.
Callers pass the time (`at`) and the author (`by`); this module never reads the clock or the request. Every function
raises StoreUnavailableError when DynamoDB is unavailable.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, reduce
from operator import and_, or_
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from pynamodb.attributes import Attribute
from pynamodb.constants import ALL_OLD, DELETE_ITEM, ITEM, PUT_ITEM, UPDATE_ITEM
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from orders import dynamodb, lifecycle
from orders.dynamodb import ConditionRefusedError, FixedCondition, write
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.lifecycle import Status
from orders.models import (
    FIRST_YEAR,
    LAST_YEAR,
    OUTSIDE,
    UNVERSIONED,
    HistoryEntry,
    Order,
    Revision,
    canonical_order_id,
    new_order,
    shard_of,
    status_key,
)
from orders.reading import MAX_INTEGER, MAX_VERSION, StoredOrder, UnreadableOrder
from orders.text import tidy_email

IDEMPOTENCY_NAMESPACE = "5a3f6b0e-6a55-4c0e-9d0f-0e7f1c1b7a52"

IMPOSSIBLE_VERSION = -1
ATTEMPTS = 3
"""How often a write is tried when other programs keep changing the order between the read and the write."""

Versions = Collection[Revision] | None
"""The revisions at which the caller allows the write; None allows any."""

# The attributes of every order that this module writes. A condition can check types and ranges, but not that a text in
# the range is an instant or that a number is an integer.
WRITTEN = (
    Order.item,
    Order.quantity,
    Order.customer_name,
    Order.customer_email,
    Order.created_at,
    Order.updated_at,
    Order.version,
    Order.history,
)


def _is_in_readable_years(attribute: Attribute[datetime]) -> Condition:
    after = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    return attribute.between(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), after - timedelta(microseconds=1))


IN_RANGE = (
    Order.quantity.between(-MAX_INTEGER, MAX_INTEGER)
    & Order.version.between(0, MAX_VERSION)
    & _is_in_readable_years(Order.created_at)
    & _is_in_readable_years(Order.updated_at)
)
WELL_FORMED = reduce(and_, (Path(attribute).is_type(attribute.attr_type) for attribute in WRITTEN), IN_RANGE)

# What a status change overwrites.
OVERWRITTEN: tuple[Attribute[Any], ...] = (
    Order.status,
    Order.status_key,
    Order.updated_at,
    Order.expired_at,
    Order.version,
    Order.history,
)

logger = logging.getLogger(__name__)


class Placement(NamedTuple):
    order: Order
    replayed: bool
    """Whether the order already existed, because an earlier request with the same id succeeded."""


def idempotent_order_id(*, caller: str, key: str) -> str:
    """The id of the order that `caller` places with this Idempotency-Key: the same for the same arguments."""
    return str(uuid5(UUID(IDEMPOTENCY_NAMESPACE), f"{caller}\n{key}"))


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
    """Place a PENDING order, with a new id unless `order_id` is given (see `idempotent_order_id`).

    A repeated request with the same id writes nothing and returns the existing order.
    Raises IdempotencyKeyReusedError if that order is different, UnreadableOrderError if it cannot be read.
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
    # True if the id is new.
    condition = Order.order_id.does_not_exist()
    write(PUT_ITEM, order.order_id, key=ITEM, attributes=order.serialize(), condition=condition)


def _placed_before(order: Order, existing: StoredOrder | None) -> Placement:
    if isinstance(existing, UnreadableOrder):
        raise UnreadableOrderError(existing)
    if existing is None or _requested_fields(existing) != _requested_fields(order):
        raise IdempotencyKeyReusedError
    # The same instant means that this very call was sent twice, because its first response was lost.
    return Placement(existing, replayed=existing.created_at != order.created_at)


def _requested_fields(order: Order) -> tuple[object, ...]:
    # Older orders have e-mail addresses that were stored without composing their letters.
    return order.item, order.quantity, order.customer_name, tidy_email(order.customer_email)


def stored_id(text: str) -> str:
    """The id under which the order is stored: a UUID in lower case, unless another program stored it in upper case.

    Reads the table only if `text` is a UUID with upper-case letters.
    """
    canonical = canonical_order_id(text)
    return text if text == canonical or dynamodb.get(text) else canonical


def get(order_id: str) -> Order:
    """The current order (a consistent read). Raises OrderNotFoundError or UnreadableOrderError."""
    order_id = stored_id(order_id)
    item = dynamodb.get(order_id)
    return _readable(dynamodb.read(item) if item else None, order_id)


def _readable(found: StoredOrder | None, order_id: str) -> Order:
    if found is None:
        raise OrderNotFoundError(order_id)
    if isinstance(found, UnreadableOrder):
        raise UnreadableOrderError(found)
    return found


def change_status(order_id: str, to: Status, *, at: datetime, by: str, versions: Versions = None) -> Order:
    """Move the order to `to` and return it. An order that already has this status is not changed.

    If another program has set the order's status, the same write also updates the index key, the version and the
    history, even if the order already has the status `to`.
    Raises OrderNotFoundError, UnreadableOrderError, VersionMismatchError (its revision is none of `versions`) or
    IllegalTransitionError, and leaves the order unchanged. An order with a malformed value that a condition cannot
    detect is written and then restored; in this case StoreUnavailableError can mean that it was not restored.
    """
    order_id, change = stored_id(order_id), HistoryEntry(to, at, by)
    if sources := lifecycle.sources(to):
        try:
            return _append(order_id, change, _as_ours(sources, at, versions))
        except ConditionRefusedError as refused:
            order = _readable(refused.order, order_id)
            if _is_done(refused, change):
                return order
    else:
        order = get(order_id)
    return _change_as_read(order, change, versions)


def _change_as_read(order: Order, change: HistoryEntry, versions: Versions) -> Order:
    for _ in range(ATTEMPTS):
        entries = _missing_entries(order, change, versions)
        if not entries:
            return order
        try:
            return _rewrite(order, entries)
        except ConditionRefusedError as refused:
            order = _readable(refused.order, order.order_id)
            if _is_done(refused, entries[-1]):
                return order
    raise VersionMismatchError(order)


def _missing_entries(order: Order, change: HistoryEntry, versions: Versions) -> list[HistoryEntry]:
    """The entries that the change adds to the history; none if nothing has to be written.

    An order that already has the status is accepted before the versions are compared, because a repeated request must
    succeed (RFC 9110, 13.1.1).
    """
    at = _not_before(order, change.at)
    outside = _outside(order, at)
    if order.status is change.status:
        # An order that is in no index has no index key to repair.
        return outside if order.status_key else []
    if versions is not None and order.revision not in versions:
        raise VersionMismatchError(order)
    if change.status not in order.allowed_transitions:
        raise IllegalTransitionError(order, change.status)
    return [*outside, change._replace(at=at)]


def expire(order_id: str, *, at: datetime, by: str) -> Order | None:
    """Move a PENDING order to EXPIRED. Only the sweep calls this. Returns None if there is no such PENDING order.

    Raises UnreadableOrderError.
    """
    change = HistoryEntry(Status.EXPIRED, at, by)
    try:
        return _append(order_id, change, _as_ours((Status.PENDING,), at), expired_at=at)
    except ConditionRefusedError as refused:
        return expire_as_found(order_id, refused, change)


def expire_as_found(order_id: str, refused: ConditionRefusedError, change: HistoryEntry) -> Order | None:
    """Expire the order after a refused write of `change`, as `expire` does."""
    if refused.order is None:
        return None
    order = _readable(refused.order, order_id)
    if _is_done(refused, change):
        return order
    if order.status is not Status.PENDING:
        return None
    at = _not_before(order, change.at)
    return _rewrite_once(order, [*_outside(order, at), change._replace(at=at)], expired_at=at)


def repair(order: Order, *, at: datetime) -> Order | None:
    """Update the index key, the version and the history of an order whose status another program has set.

    Returns the updated order; None if it has been changed or deleted since it was read.
    """
    return _rewrite_once(order, [HistoryEntry(order.status, _not_before(order, at), OUTSIDE)])


def _rewrite_once(order: Order, entries: list[HistoryEntry], *, expired_at: datetime | None = None) -> Order | None:
    """As _rewrite, but returns None if the order has changed since it was read."""
    try:
        return _rewrite(order, entries, expired_at=expired_at)
    except ConditionRefusedError as refused:
        return refused.order if isinstance(refused.order, Order) and _is_done(refused, entries[-1]) else None


def _is_done(refused: ConditionRefusedError, change: HistoryEntry) -> bool:
    """Whether an earlier attempt of the refused write succeeded and only its response was lost.

    The order then has the entry, although others may have changed the order since.
    """
    return refused.may_be_done and isinstance(refused.order, Order) and change in refused.order.history


def _not_before(order: Order, at: datetime) -> datetime:
    """`at`, or the instant of the order's last change if that is later, because another machine's clock is ahead."""
    return max(at, order.created_at, order.updated_at, *(entry.at for entry in order.history[-1:]))


def _outside(order: Order, at: datetime) -> list[HistoryEntry]:
    return [HistoryEntry(order.status, at, OUTSIDE)] if order.changed_outside else []


def _append(order_id: str, change: HistoryEntry, condition: Condition, *, expired_at: datetime | None = None) -> Order:
    """Apply the change if the condition is true; DynamoDB increments the version and appends to the history."""
    version = Order.version.set(Order.version + 1)
    history = Order.history.set(Order.history.append([change]))
    return _write(order_id, [change], condition, version, history, expired_at=expired_at)


def _rewrite(order: Order, entries: list[HistoryEntry], *, expired_at: datetime | None = None) -> Order:
    """Set the status of the last entry and append all entries to the history, if the order has not changed."""
    version = Order.version.set(order.version + len(entries))
    history = Order.history.set([*order.history, *entries])
    return _write(order.order_id, entries, _unchanged(order.stored), version, history, expired_at=expired_at)


def _write(
    order_id: str, entries: list[HistoryEntry], condition: Condition, *counts: Action, expired_at: datetime | None
) -> Order:
    """Raises UnreadableOrderError if the order turns out to be unreadable; then the write has been undone."""
    change = entries[-1]
    actions = [
        Order.status.set(change.status),
        Order.status_key.set(status_key(change.status, shard_of(order_id))),
        Order.updated_at.set(change.at),
        *counts,
    ]
    if expired_at:
        actions.append(Order.expired_at.set(expired_at))
    # The old item is needed to undo the write, and the new one can be derived from it.
    reply = write(UPDATE_ITEM, order_id, actions=actions, condition=condition, return_values=ALL_OLD)
    order = dynamodb.read(reply["Attributes"])
    if isinstance(order, UnreadableOrder):
        _undo(order, change)
        raise UnreadableOrderError(order)
    order.add_entries(entries, expired_at=expired_at)
    return order


def _undo(order: UnreadableOrder, change: HistoryEntry) -> None:
    """Restore the attributes that a status change has overwritten; `order` is the order before the change.

    Needed when another program has stored a malformed text or a fraction, which a condition cannot detect.
    """
    before = order.stored
    actions = [
        Path(attribute).set(before[attribute.attr_name]) if attribute.attr_name in before else attribute.remove()
        for attribute in OVERWRITTEN
    ]
    history = [*before["history"]["L"], *Order.history.serialize([change])]
    is_ours = (Order.status == change.status) & (Path(Order.history) == {"L": history})
    try:
        write(UPDATE_ITEM, order.order_id, actions=actions, condition=is_ours)
    except ConditionRefusedError as refused:
        # Otherwise, an earlier attempt restored the order, and only its response was lost.
        if not refused.may_be_done:
            logger.warning("Order %s changed before a status change could be undone.", order.order_id)


def delete(order_id: str, *, versions: Versions = None) -> None:
    """Delete the order, readable or not.

    Raises OrderNotFoundError. With `versions`, also raises VersionMismatchError (its revision is none of them) or
    UnreadableOrderError (it cannot be read, and its version is none of them).
    """
    # True if the order exists and, if versions are given, has one of them and its index key matches its status.
    condition = Order.order_id.exists() if versions is None else _at(versions) & _in_step(Status)
    order_id = stored_id(order_id)
    try:
        write(DELETE_ITEM, order_id, condition=condition)
    except ConditionRefusedError as refused:
        if _is_gone(refused, order_id):
            return
        order = _readable(refused.order, order_id)
        if versions is None or order.revision not in versions:
            raise VersionMismatchError(order) from None
        _delete_as_read(order)


def delete_unreadable(order_id: str) -> None:
    """Delete the order with this id if it cannot be read.

    Raises OrderNotFoundError, or VersionMismatchError if the order can be read by the time of the call.
    """
    order_id = stored_id(order_id)
    item = dynamodb.get(order_id)
    if item is None:
        raise OrderNotFoundError(order_id)
    found = dynamodb.read(item)
    if isinstance(found, Order):
        raise VersionMismatchError(found)
    _delete_as_read(found)


def _delete_as_read(order: StoredOrder) -> None:
    try:
        write(DELETE_ITEM, order.order_id, condition=_unchanged(order.stored))
    except ConditionRefusedError as refused:
        if not _is_gone(refused, order.order_id):
            raise VersionMismatchError(_readable(refused.order, order.order_id)) from None


def _is_gone(refused: ConditionRefusedError, order_id: str) -> bool:
    """Whether the order is gone and an earlier attempt of this call may have deleted it.

    Raises OrderNotFoundError if the order is gone and no attempt of this call can have deleted it.
    """
    if refused.order is not None:
        return False
    if not refused.may_be_done:
        raise OrderNotFoundError(order_id)
    return True


# --- Conditions -------------------------------------------------------------------------------------------------------


def _as_ours(sources: tuple[Status, ...], at: datetime, versions: Versions = None) -> Condition:
    # True if the order has one of these statuses and versions, did not change after `at` and is as this module writes
    # it.
    condition: Condition = _well_formed_with(sources) & (Order.updated_at <= at)
    return condition if versions is None else condition & _at(versions)


@cache
def _well_formed_with(sources: tuple[Status, ...]) -> Condition:
    # True if the order has one of these statuses and is as this module writes it. Only EXPIRED orders, which are final,
    # have expired_at.
    return FixedCondition(WELL_FORMED & _in_step(sources) & Order.expired_at.does_not_exist())


def _in_step(statuses: Collection[Status]) -> Condition:
    # True if the order has one of these statuses and the same one in its key for by_status, which another program that
    # sets the status does not update.
    each = ((Order.status == status) & Order.status_key.startswith(f"{status}#") for status in statuses)
    condition: Condition = reduce(or_, each)
    return condition


def _at(versions: Collection[Revision]) -> Condition:
    # True if the order has one of these versions. Never true for an order of the former system or without versions: the
    # write fails, and DynamoDB returns the order.
    ours = [version for version in versions if isinstance(version, int) and version != UNVERSIONED]
    return Order.version.is_in(*ours) if ours else Order.version == IMPOSSIBLE_VERSION


def _unchanged(item: Mapping[str, Any]) -> Condition:
    # True if every attribute still has the value that was read, or is still absent.
    each = (
        attribute == item[name] if name in item else attribute.does_not_exist()
        for name, attribute in Order.get_attributes().items()
    )
    condition: Condition = reduce(and_, each)
    return condition

"""Expires many orders in one call. Only for orders that nothing has changed since they were placed: nearly all."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from orders import dynamodb, store
from orders.dynamodb import UPDATES_LIMIT, ConditionRefusedError, Update
from orders.errors import StoreUnavailableError
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import UUID_TEXT, HistoryEntry, Order, shard_of, status_key
from orders.reading import Item

BATCH = UPDATES_LIMIT
"""The maximum number of orders in one call."""

LITERALS = re.compile(
    rf"{UUID_TEXT.pattern} PENDING#[0-9]{{1,9}} [0-9]{{1,15}}"
    r" (19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
)
"""The values of an order in its statement: order_id, status_key, quantity and created_at, in the app's own form."""

# What `is_as_placed` has found in the index must still be true in the table. Otherwise the update could expire an order
# that has moved on, or write one that can no longer be read. The values that differ between orders are compared too.
STILL_AS_PLACED = (
    """"status" = 'PENDING' AND "version" = 1 AND "expired_at" IS MISSING"""
    """ AND size("history") = 1 AND "history"[0]."status" = 'PENDING'"""
    """ AND attribute_type("history"[0]."by", 'S') AND attribute_type("item", 'S')"""
    """ AND attribute_type("customer_name", 'S') AND attribute_type("customer_email", 'S')"""
)

Outcome = bool | Exception
"""Whether the order expired, as `store.expire` returns it, or what `store.expire` would raise."""

# The same instant for all orders of a run.
_written = lru_cache(maxsize=8)(write_instant)


def is_as_placed(item: Item, *, at: datetime) -> bool:
    """Whether this item of the index is a PENDING order exactly as `store.place` writes it, before `at`.

    Much faster than reading the order, and stricter.
    """
    try:
        return item["updated_at"]["S"] <= _written(at) and _is_as_placed(item)
    except (KeyError, TypeError, ValueError):
        return False


def _is_as_placed(item: Item) -> bool:
    (entry,) = item["history"]["L"]
    placed_at = item["created_at"]["S"]
    literals = f"{item['order_id']['S']} {item['status_key']['S']} {item['quantity']['N']} {placed_at}"
    return (
        LITERALS.fullmatch(literals) is not None
        and datetime.fromisoformat(placed_at) is not None  # raises ValueError for a day that does not exist
        and item["status"]["S"] == "PENDING"
        and item["version"]["N"] == "1"
        and item["updated_at"]["S"] == placed_at
        and entry["M"] == {"status": item["status"], "at": item["created_at"], "by": {"S": entry["M"]["by"]["S"]}}
        and "S" in item["item"]
        and "S" in item["customer_name"]
        and "S" in item["customer_email"]
        and "expired_at" not in item
    )


def expire_many(items: Sequence[Item], *, at: datetime, by: str) -> list[Outcome]:
    """Expire these orders, at most BATCH; `is_as_placed` must be true for each. Each expires or not on its own.

    Raises UnsupportedOperationError if DynamoDB refuses such calls; then nothing was changed.
    """
    change = HistoryEntry(Status.EXPIRED, at, by)
    results = dynamodb.execute_updates([expiry_update(item, at=at, by=by) for item in items])
    outcomes: list[Outcome] = []
    outage: StoreUnavailableError | None = None
    for item, result in zip(items, results, strict=True):
        if result is None or isinstance(result, StoreUnavailableError):
            outcomes.append(result or True)
            continue
        # After the first call without a response, the others would only wait as well.
        outcome = outage or _follow_up(item["order_id"]["S"], result, change)
        outage = outcome if isinstance(outcome, StoreUnavailableError) else None
        outcomes.append(outcome)
    return outcomes


def expiry_update(item: Item, *, at: datetime, by: str) -> Update:
    """The update that expires this order, of which `is_as_placed` is true.

    So each value in the statement is an instant, a number or a UUID, and needs no escaping.
    """
    order_id, placed_at = item["order_id"]["S"], item["created_at"]["S"]
    statement = (
        f'UPDATE "{Order.Meta.table_name}" {_changes(_written(at), by)}'  # noqa: S608 (no text of a user)
        f""" SET "status_key" = '{status_key(Status.EXPIRED, shard_of(order_id))}'"""
        f""" WHERE "order_id" = '{order_id}' AND "status_key" = '{item["status_key"]["S"]}'"""
        f""" AND "created_at" = '{placed_at}' AND "updated_at" = '{placed_at}' AND "history"[0]."at" = '{placed_at}'"""
        f""" AND "quantity" = {item["quantity"]["N"]} AND {STILL_AS_PLACED}"""
    )
    return Update(order_id, statement)


@lru_cache(maxsize=8)
def _changes(at: str, by: str) -> str:
    """What is the same for all orders of a run."""
    author = by.replace("'", "''")
    return (
        f"""SET "status" = 'EXPIRED' SET "updated_at" = '{at}' SET "expired_at" = '{at}' SET "version" = 2"""
        f""" SET "history" = list_append("history", [{{'status': 'EXPIRED', 'at': '{at}', 'by': '{author}'}}])"""
    )


def _follow_up(order_id: str, result: Exception, change: HistoryEntry) -> Outcome:
    """Find out with single calls what a refused statement means, and expire the order if it is still PENDING."""
    try:
        if isinstance(result, ConditionRefusedError):
            return store.expire_as_found(order_id, result, change) is not None
        # Another reason, such as an order that would become too large: a single call finds out.
        return store.expire(order_id, at=change.at, by=change.by) is not None
    except Exception as error:  # noqa: BLE001 (an error in one order must not hide the outcomes of the others)
        return error

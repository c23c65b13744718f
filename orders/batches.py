"""Expires many orders in one call. Only for orders that nothing has changed since they were placed: nearly all."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from orders import dynamodb, store
from orders.dynamodb import UPDATES_LIMIT, ConditionRefusedError, Update
from orders.errors import StoreUnavailableError
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import MAX_EMAIL, MAX_TEXT, HistoryEntry, Order, shard_of, status_key
from orders.reading import Item, fits_url

BATCH = UPDATES_LIMIT
"""The maximum number of orders in one call."""

READ = (
    "status",
    "status_key",
    "item",
    "quantity",
    "customer_name",
    "customer_email",
    "created_at",
    "updated_at",
    "version",
    "history",
)
"""The attributes that must not change between the read and the write: what the write replaces, and what must be valid.
Otherwise an order could be written that can no longer be read."""
MAX_DIGITS = 15

Outcome = bool | Exception
"""Whether the order expired, as `store.expire` returns it, or what `store.expire` would raise."""


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
    created_at, quantity = item["created_at"]["S"], item["quantity"]["N"]
    return (
        item["status"]["S"] == Status.PENDING
        and item["status_key"]["S"].startswith("PENDING#")
        and "expired_at" not in item
        and item["version"]["N"] == "1"
        and item["updated_at"]["S"] == created_at
        and entry["M"] == {"status": item["status"], "at": item["created_at"], "by": {"S": entry["M"]["by"]["S"]}}
        and quantity.isdecimal()
        and len(quantity) <= MAX_DIGITS
        and len(item["item"]["S"]) <= MAX_TEXT
        and len(item["customer_name"]["S"]) <= MAX_TEXT
        and len(item["customer_email"]["S"]) <= MAX_EMAIL
        and fits_url(item["order_id"]["S"])
        and Order.created_at.serialize(Order.created_at.deserialize(created_at)) == created_at
    )


# The same instant for all orders of a run.
_written = lru_cache(maxsize=8)(write_instant)


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
    """The update that expires this order, of which `is_as_placed` is true."""
    order_id, status, instant = item["order_id"]["S"], {"S": "EXPIRED"}, {"S": _written(at)}
    values: Item = {
        "status": status,
        "status_key": {"S": status_key(Status.EXPIRED, shard_of(order_id))},
        "updated_at": instant,
        "expired_at": instant,
        "version": {"N": "2"},
        "history": {"L": [*item["history"]["L"], {"M": {"status": status, "at": instant, "by": {"S": by}}}]},
    }
    return Update(order_id, values, {name: item[name] for name in READ}, absent="expired_at")


def _follow_up(order_id: str, result: Exception, change: HistoryEntry) -> Outcome:
    """Find out with single calls what a refused statement means, and expire the order if it is still PENDING."""
    try:
        if isinstance(result, ConditionRefusedError):
            return store.expire_as_found(order_id, result, change) is not None
        # Another reason, such as an order that would become too large: a single call finds out.
        return store.expire(order_id, at=change.at, by=change.by) is not None
    except Exception as error:  # noqa: BLE001 (an error in one order must not hide the outcomes of the others)
        return error

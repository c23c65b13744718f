"""Many orders: pages in either direction, orders by id, and the PENDING orders that are due.

Each list is one Query on an index partition, or a merge of one Query per shard; the table is never scanned. Indexes are
eventually consistent, so a list may lag slightly behind writes. Every function raises StoreUnavailableError when
DynamoDB is unavailable.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from orders import dynamodb
from orders.concurrency import map_concurrently
from orders.cursors import START, Direction, Position, read_cursor, write_cursor
from orders.dynamodb import BATCH_GET_LIMIT, read
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import Order, created_key_range, customer_key, partitions, shards, status_key
from orders.reading import Item, StoredOrder
from orders.text import email_spellings

DUE_PER_QUERY = 250
"""Small, because a sweep that stops early does not use the rest of a page."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The filters of a list. The instants select the orders created in [created_after, created_before)."""

    status: Status | None = None
    customer_email: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def created_keys(self) -> tuple[str, str]:
        return created_key_range(self.created_after, self.created_before)

    def canonical(self) -> str:
        """A text that is the same for filters that select the same orders."""
        low, high = self.created_keys()
        return "|".join([self.status or "", customer_key(self.customer_email or "") or "", low, high])


class Page(NamedTuple):
    """Orders, newest first, and the cursors of the next and the previous page; None if there is none.

    Orders that cannot be read are included as UnreadableOrder. With a status filter, a page may be short or empty and
    still have a `next`.
    """

    orders: list[StoredOrder]
    next: str | None
    previous: str | None


def page(filters: Filters, *, limit: int, cursor: str | None = None) -> Page:
    """At most `limit` orders, newest first, starting at the cursor. Every page costs the same.

    Raises InvalidCursorError for a cursor that was altered or belongs to other filters.
    """
    scope = filters.canonical()
    position = read_cursor(cursor, scope) if cursor else START
    select = _select_by_customer if filters.customer_email else _select
    selection = select(filters, position, limit)
    older, newer = _neighbours(selection, position)
    return Page(
        selection.orders if position.direction is Direction.OLDER else selection.orders[::-1],
        next=write_cursor(older, scope) if older else None,
        previous=write_cursor(newer, scope) if newer else None,
    )


def walk(filters: Filters, *, limit: int) -> Iterator[Page]:
    """The newest `limit` orders, page by page. Each page is read during iteration.

    Empty pages are yielded too, so that the caller can stop after any page. A page is empty, for example, if none of a
    customer's orders in its range has the status.
    """
    cursor: str | None = None
    left = limit
    while left > 0:
        found = page(filters, limit=min(left, BATCH_GET_LIMIT), cursor=cursor)
        yield found
        left -= len(found.orders)
        cursor = found.next
        if cursor is None:
            return


def newer_cursor(order: StoredOrder, filters: Filters) -> str:
    """The cursor of the page with the orders newer than this one."""
    return write_cursor(Position(Direction.NEWER, order.created_key), filters.canonical())


def get_many(order_ids: Iterable[str]) -> list[StoredOrder]:
    """The orders with these ids, in this order, without those that do not exist. One BatchGetItem per 100 ids."""
    ids = list(dict.fromkeys(order_ids))
    batches = [ids[start : start + BATCH_GET_LIMIT] for start in range(0, len(ids), BATCH_GET_LIMIT)]
    orders = {order.order_id: order for batch in batches for order in map(read, dynamodb.batch_get(batch))}
    return [orders[order_id] for order_id in ids if order_id in orders]


def due(*, before: datetime) -> Iterator[Item]:
    """The orders created before that instant that by_status lists as PENDING, oldest first, queried during iteration.

    As items, because the sweep need not read most of them as orders. Some may have another status: a program that sets
    the status of an order does not update the index.
    """
    in_range = Order.created_key < write_instant(before)
    streams = [
        dynamodb.query(Order.by_status, status_key(Status.PENDING, shard), in_range, page_size=DUE_PER_QUERY)
        for shard in shards()
    ]
    return heapq.merge(*streams, key=_created_key)


class Selection(NamedTuple):
    """Orders in reading direction, the keys of the first and last row read, and whether more rows follow.

    The keys are empty if no row was read.
    """

    orders: list[StoredOrder]
    first_key: str
    last_key: str
    more: bool


def _neighbours(selection: Selection, position: Position) -> tuple[Position | None, Position | None]:
    """Where the older and the newer page next to a selection start."""
    direction = position.direction
    back = Direction.NEWER if direction is Direction.OLDER else Direction.OLDER
    ahead = Position(direction, selection.last_key) if selection.more else None
    # If no row follows the position, the page in the other direction must include the order at the position.
    behind = (
        Position(back, selection.first_key) if selection.first_key else Position(back, position.key, inclusive=True)
    )
    if position == START:
        return ahead, None
    return (ahead, behind) if direction is Direction.OLDER else (behind, ahead)


def _selection(orders: list[StoredOrder], rows: list[Item], *, more: bool) -> Selection:
    if not rows:
        return Selection([], "", "", more=False)
    return Selection(orders, _created_key(rows[0]), _created_key(rows[-1]), more)


def _select(filters: Filters, position: Position, limit: int) -> Selection:
    index, keys = partitions(filters.status)
    rows = _merge(index, keys, filters, position, limit + 1)
    # The index still has the previous status if another program has set the status of an order.
    orders = [order for order in map(read, rows[:limit]) if _has_status(order, filters.status)]
    return _selection(orders, rows[:limit], more=len(rows) > limit)


def _has_status(order: StoredOrder, status: Status | None) -> bool:
    """Whether a list of this status (None: any) includes the order. An unreadable order has the status in its key."""
    if status is None:
        return True
    return order.status is status if isinstance(order, Order) else order.status_key.startswith(f"{status}#")


def _merge(index: Any, keys: Iterable[str], filters: Filters, position: Position, limit: int) -> list[Item]:
    """The next `limit` rows of all partitions: one Query each, merged."""
    parts = map_concurrently(lambda key: _query(index, key, filters, position, limit), keys)
    merged = heapq.merge(*parts, key=_created_key, reverse=position.direction is Direction.OLDER)
    return list(islice(merged, limit))


def _select_by_customer(filters: Filters, position: Position, limit: int) -> Selection:
    """One Query for the customer's keys and one BatchGetItem for the orders.

    An address with an international domain takes two or three Queries, because orders placed before the canonical form
    was introduced are stored under another spelling.
    """
    size = BATCH_GET_LIMIT if filters.status else limit
    rows = _merge(Order.by_customer, email_spellings(filters.customer_email or ""), filters, position, size + 1)
    found = get_many(row["order_id"]["S"] for row in rows[:size])
    orders = [order for order in found if _has_status(order, filters.status)]
    if len(orders) <= limit:
        return _selection(orders, rows[:size], more=len(rows) > size)
    return Selection(orders[:limit], _created_key(rows[0]), orders[limit - 1].created_key, more=True)


def _query(index: Any, partition: str, filters: Filters, position: Position, limit: int) -> list[Item]:
    low, high = _range(filters, position)
    if low > high:
        return []
    start_key = None if position.inclusive else _start_key(index, partition, position.key)
    return list(
        dynamodb.query(
            index,
            partition,
            Order.created_key.between(low, high),
            limit=limit,
            newest_first=position.direction is Direction.OLDER,
            start_key=start_key,
        )
    )


def _range(filters: Filters, position: Position) -> tuple[str, str]:
    low, high = filters.created_keys()
    # Bounded by the key even if the start key excludes it, because DynamoDB Local also reads the items before it.
    return (low, min(high, position.key)) if position.direction is Direction.OLDER else (max(low, position.key), high)


def _start_key(index: Any, partition: str, key: str) -> Item:
    """The start key of a Query. Only its sort position matters: the order need not be in this partition or exist."""
    hash_name = index._hash_key_attribute().attr_name  # noqa: SLF001 (PynamoDB has no public method for it)
    return {hash_name: {"S": partition}, "created_key": {"S": key}, "order_id": {"S": key.partition("#")[2]}}


def _created_key(row: Item) -> str:
    key: str = row["created_key"]["S"]
    return key

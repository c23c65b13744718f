"""Many orders: pages in either direction, the PENDING ones that are due, and capped counts.

Every list is one Query on an index partition, or a merge of one per shard; nothing here reads a whole table. Indexes
are eventually consistent, so a list may lag behind a write by moments. Every function raises StoreUnavailableError when
DynamoDB does not answer.
"""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from django.core import signing
from django.core.cache import cache
from pynamodb.expressions.condition import Condition

from orders.dynamodb import connection, faults_as_order_errors, query, read
from orders.errors import InvalidCursorError, StoreUnavailableError
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import Order, customer_key, listing_key, shards, status_key
from orders.reading import Item, StoredOrder
from orders.text import email_spellings

COUNT_CAP = 1_000
COUNT_SECONDS, CAPPED_SECONDS = 5, 60
DUE_PER_QUERY = 250
"""So that a sweep that stops early has read little more than it needed."""
MAX_THREADS = 8
BATCH_GET_LIMIT = 100
"""What one BatchGetItem takes: also how many of a customer's orders a page looks through for those of one status."""
UNPROCESSED_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each repeat of what a BatchGetItem left unprocessed. Exponential, as AWS advises:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# Every created_key begins with a digit, so these lie below and above them all.
LOWEST, HIGHEST = " ", "~"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which orders a list holds; `created_after` is included, `created_before` is not, so ranges tile without gap."""

    status: Status | None = None
    customer_email: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def bounds(self) -> tuple[str, str]:
        """The range of created_key. A bare instant lies before every key of that instant, so BETWEEN is half-open."""
        low = write_instant(self.created_after) if self.created_after else LOWEST
        high = write_instant(self.created_before) if self.created_before else HIGHEST
        return low, high

    def canonical(self) -> str:
        low, high = self.bounds()
        return "|".join([self.status or "", customer_key(self.customer_email or "") or "", low, high])


class Page(NamedTuple):
    """Orders, newest first, and the cursors of its neighbours; None where there is no neighbour.

    Orders that cannot be read are among them, as UnreadableOrder. With a status, a page may be short, even empty, and
    still have a `next`: follow it.
    """

    orders: list[StoredOrder]
    next: str | None
    previous: str | None


class Direction(StrEnum):
    OLDER = "o"
    NEWER = "n"


class Position(NamedTuple):
    """A place between two orders, and the way to go from there: beyond `key`, or from it on when `inclusive`."""

    direction: Direction
    key: str
    inclusive: bool = False


START = Position(Direction.OLDER, HIGHEST, inclusive=True)


def page(filters: Filters, *, limit: int, cursor: str | None = None) -> Page:
    """At most `limit` orders, newest first, from the cursor on, at the same cost at any depth.

    Raises InvalidCursorError for a cursor that was altered or belongs to other filters.
    """
    position = _read_cursor(cursor, filters) if cursor else START
    find = _customer_stretch if filters.customer_email else _index_stretch
    stretch = find(filters, position, limit)
    older, newer = _neighbours(stretch, position)
    return Page(
        stretch.orders if position.direction is Direction.OLDER else stretch.orders[::-1],
        next=_write_cursor(older, filters),
        previous=_write_cursor(newer, filters),
    )


def walk(filters: Filters, *, limit: int) -> Iterator[Page]:
    """The newest `limit` orders, page by page. Each page is read during iteration.

    A page may be empty, for example if none of a customer's orders on it has the status. It is yielded anyway, so that
    the caller can stop after any page.
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
    """The cursor of the page before this order: what has come in since."""
    return _signer(filters).sign_object(Position(Direction.NEWER, order.created_key))


def get_many(order_ids: Iterable[str]) -> list[StoredOrder]:
    """The orders with these ids, in this order, by one BatchGetItem per 100; one that is gone is left out."""
    ids = list(dict.fromkeys(order_ids))
    batches = [ids[start : start + BATCH_GET_LIMIT] for start in range(0, len(ids), BATCH_GET_LIMIT)]
    orders = {order.order_id: order for batch in batches for order in map(read, _batch_get(batch))}
    return [orders[order_id] for order_id in ids if order_id in orders]


def _batch_get(order_ids: list[str]) -> Iterator[Item]:
    """The stored items. PynamoDB's batch_get repeats unprocessed keys without a pause or a limit."""
    keys: list[Any] = [{"order_id": order_id} for order_id in order_ids]
    for seconds in (0.0, *UNPROCESSED_WAITS):
        time.sleep(seconds)
        with faults_as_order_errors():
            reply = connection().batch_get_item(keys)
        yield from reply["Responses"][Order.Meta.table_name]
        keys = reply["UnprocessedKeys"].get(Order.Meta.table_name, {}).get("Keys", [])
        if not keys:
            return
    raise StoreUnavailableError(f"BatchGetItem left {len(keys)} keys unprocessed")


def due(*, before: datetime) -> Iterator[StoredOrder]:
    """The orders that by_status lists as PENDING and created before that instant, oldest first, read during iteration.

    For the sweep. The index has the status of this app's last write; another program may have set another one since.
    """
    in_range = Order.created_key < write_instant(before)
    streams = [
        query(Order.by_status, status_key(Status.PENDING, shard), in_range, page_size=DUE_PER_QUERY)
        for shard in shards()
    ]
    with faults_as_order_errors():
        yield from map(read, heapq.merge(*streams, key=_created_key))


def count(
    status: Status | None = None,
    *,
    after: datetime | None = None,
    before: datetime | None = None,
    cap: int = COUNT_CAP,
) -> int:
    """How many orders have this status, or any, and were created in [after, before); `cap` stands for that or more.

    1,000 orders of about 400 bytes take about 53 capacity units to count, whatever the table holds.
    """
    low, high = Filters(created_after=after, created_before=before).bounds()
    if low > high:
        return 0
    in_range = Order.created_key.between(low, high)
    index, partitions = _index(status)
    total = 0
    for partition in partitions:
        total += _count_partition(index, partition, in_range, cap=cap - total)
        if total >= cap:
            break
    return total


def recent_counts() -> dict[Status, int]:
    """`count` of every status, at most COUNT_SECONDS old: for figures that a person glances at.

    One at its cap is dear to count and seldom falls below it, so it may be CAPPED_SECONDS old.
    """
    found = kept_counts()
    missing = [status for status in Status if status not in found]
    if missing:
        for status, total in zip(missing, together(partial(count, cap=COUNT_CAP), missing), strict=True):
            cache.set(_count_key(status), total, CAPPED_SECONDS if total >= COUNT_CAP else COUNT_SECONDS)
            found[status] = total
    return found


def kept_counts() -> dict[Status, int]:
    """Those of `recent_counts` that need no counting now."""
    return {status: kept for status in Status if (kept := cache.get(_count_key(status))) is not None}


def _count_key(status: Status) -> str:
    return f"orders.listing.count|{status}"


def together(question: Callable[[Asked], Answer], asked: Iterable[Asked]) -> list[Answer]:
    """The answers in the order of the questions; several are asked at once, so the slowest sets the time.

    Raises the first error of a question, or an exception that interrupts the caller, at once. Questions that have not
    begun are cancelled; those in progress, MAX_THREADS at most, end by themselves within DynamoDB's time limit.
    """
    asked = list(asked)
    if len(asked) <= 1:
        return [question(one) for one in asked]
    pool = ThreadPoolExecutor(min(len(asked), MAX_THREADS))
    try:
        return list(pool.map(question, asked))
    finally:
        # A `with` block would wait for the questions in progress, even after the deadline of a request.
        pool.shutdown(wait=False, cancel_futures=True)


def _count_partition(index: Any, partition: str, in_range: Condition, *, cap: int) -> int:
    # PynamoDB's own count() goes on to the end of the partition, whatever its limit.
    total, start = 0, None
    while total < cap:
        with faults_as_order_errors():
            reply = connection().query(
                partition,
                in_range,
                index_name=index.Meta.index_name,
                limit=cap - total,
                select="COUNT",
                exclusive_start_key=start,
            )
        total += reply["Count"]
        start = reply.get("LastEvaluatedKey")
        if not start:
            break
    return total


# --- Cursors ----------------------------------------------------------------------------------------------------------


def _neighbours(stretch: "Stretch", position: Position) -> tuple[Position | None, Position | None]:
    """Where the older and the newer neighbour of a stretch begin."""
    direction = position.direction
    back = Direction.NEWER if direction is Direction.OLDER else Direction.OLDER
    ahead = Position(direction, stretch.last_key) if stretch.more else None
    # Where nothing is left beyond the position, the way back must not skip the order that it points to.
    behind = Position(back, stretch.first_key) if stretch.first_key else Position(back, position.key, inclusive=True)
    if position == START:
        return ahead, None
    return (ahead, behind) if direction is Direction.OLDER else (behind, ahead)


def _write_cursor(position: Position | None, filters: Filters) -> str | None:
    return _signer(filters).sign_object(position) if position else None


def _read_cursor(cursor: str, filters: Filters) -> Position:
    try:
        direction, key, inclusive = _signer(filters).unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise InvalidCursorError from None
    return Position(Direction(direction), key, inclusive)


def _signer(filters: Filters) -> signing.Signer:
    # The filters are part of the key, so a cursor proves them without holding them.
    return signing.Signer(salt=f"orders.listing.cursor|{filters.canonical()}")


# --- Stretches of an index --------------------------------------------------------------------------------------------


class Stretch(NamedTuple):
    """Orders in the direction of travel, the keys of the first and last row gone over, and whether more follow.

    The keys are empty where there was nothing to go over.
    """

    orders: list[StoredOrder]
    first_key: str
    last_key: str
    more: bool


def _stretch(orders: list[StoredOrder], rows: list[Item], *, more: bool) -> Stretch:
    if not rows:
        return Stretch([], "", "", more=False)
    return Stretch(orders, _created_key(rows[0]), _created_key(rows[-1]), more)


def _index_stretch(filters: Filters, position: Position, limit: int) -> Stretch:
    index, partitions = _index(filters.status)
    rows = _merged(index, partitions, filters, position, limit + 1)
    # If another program has set the status of an order, the index still has the previous one.
    orders = [order for order in map(read, rows[:limit]) if _has_status(order, filters.status)]
    return _stretch(orders, rows[:limit], more=len(rows) > limit)


def _has_status(order: StoredOrder, status: Status | None) -> bool:
    """Whether a list of this status (None: any) includes the order. For an unreadable one, the index decides."""
    if status is None:
        return True
    return order.status is status if isinstance(order, Order) else order.status_key.startswith(f"{status}#")


def _merged(index: Any, partitions: Iterable[str], filters: Filters, position: Position, limit: int) -> list[Item]:
    """The next `limit` rows of all the partitions together: one Query each, merged."""
    parts = together(lambda partition: _query(index, partition, filters, position, limit), partitions)
    merged = heapq.merge(*parts, key=_created_key, reverse=position.direction is Direction.OLDER)
    return list(islice(merged, limit))


def _index(status: Status | None) -> tuple[Any, list[str]]:
    """The index that holds the orders of this status, or all, and its partitions."""
    if status:
        return Order.by_status, [status_key(status, shard) for shard in shards()]
    return Order.by_created, [listing_key(shard) for shard in shards()]


def _customer_stretch(filters: Filters, position: Position, limit: int) -> Stretch:
    """One Query for the customer's keys and one BatchGetItem for the orders themselves.

    An address with an international domain takes two or three Queries: orders placed before the canonical form was
    introduced are stored under another spelling.
    """
    size = BATCH_GET_LIMIT if filters.status else limit
    rows = _merged(Order.by_customer, email_spellings(filters.customer_email or ""), filters, position, size + 1)
    found = get_many(row["order_id"]["S"] for row in rows[:size])
    orders = [order for order in found if _has_status(order, filters.status)]
    if len(orders) <= limit:
        return _stretch(orders, rows[:size], more=len(rows) > size)
    return Stretch(orders[:limit], _created_key(rows[0]), orders[limit - 1].created_key, more=True)


def _query(index: Any, partition: str, filters: Filters, position: Position, limit: int) -> list[Item]:
    low, high = _range(filters, position)
    if low > high:
        return []
    start_key = None if position.inclusive else _start_key(index, partition, position.key)
    with faults_as_order_errors():
        return list(
            query(
                index,
                partition,
                Order.created_key.between(low, high),
                limit=limit,
                newest_first=position.direction is Direction.OLDER,
                start_key=start_key,
            )
        )


def _range(filters: Filters, position: Position) -> tuple[str, str]:
    low, high = filters.bounds()
    # Also beyond an exclusive key, which the start key leaves out: DynamoDB Local goes through what lies before it.
    return (low, min(high, position.key)) if position.direction is Direction.OLDER else (max(low, position.key), high)


def _start_key(index: Any, partition: str, key: str) -> Item:
    """Where a Query goes on. The order need not stand in this partition, nor exist any more: only its place counts."""
    hash_name = index._hash_key_attribute().attr_name  # noqa: SLF001 (PynamoDB has no public name for it)
    return {hash_name: {"S": partition}, "created_key": {"S": key}, "order_id": {"S": key.partition("#")[2]}}


def _created_key(row: Item) -> str:
    key: str = row["created_key"]["S"]
    return key

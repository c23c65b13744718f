"""Counts of orders, each with an upper limit (`cap`), and their cache. Raises StoreUnavailableError."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.cache import cache

from orders import dynamodb
from orders.concurrency import map_concurrently
from orders.lifecycle import Status
from orders.models import Order, created_key_range, partitions

COUNT_CAP = 1_000

STATUS_SECONDS = 5
"""The maximum age of `status_counts` below their cap."""
CAPPED_SECONDS = 60
"""How long a count at its cap is cached at least: it costs the most and rarely falls below the cap."""
CAPPED_TOTAL_SECONDS = 600
"""The same for a count of all statuses, which only decreases when orders are deleted."""


class CountQuery(NamedTuple):
    """The arguments of `count`."""

    status: Status | None = None
    after: datetime | None = None
    before: datetime | None = None
    cap: int = COUNT_CAP


def count(
    status: Status | None = None,
    *,
    after: datetime | None = None,
    before: datetime | None = None,
    cap: int = COUNT_CAP,
) -> int:
    """The number of orders with this status (None: any) created in [after, before); `cap` means that many or more.

    Counting 1,000 orders of about 400 bytes consumes about 53 capacity units in a table of any size.
    """
    low, high = created_key_range(after, before)
    if low > high:
        return 0
    index, keys = partitions(status)
    total = 0
    for key in keys:
        total += dynamodb.count(index, key, Order.created_key.between(low, high), cap=cap - total)
        if total >= cap:
            break
    return total


def get_counts(queries: Iterable[CountQuery], *, max_age: int) -> dict[CountQuery, int]:
    """The counts, at most `max_age` seconds old; those at their cap may be older.

    Counts that are not cached are made concurrently.
    """
    queries = list(dict.fromkeys(queries))
    counts = get_cached_counts(queries, max_age=max_age)
    missing = [query for query in queries if query not in counts]
    for query, total in zip(missing, map_concurrently(_count, missing), strict=True):
        cache.set(_cache_key(query, max_age), total, _seconds(query, total, max_age))
        counts[query] = total
    return counts


def get_cached_counts(queries: Iterable[CountQuery], *, max_age: int) -> dict[CountQuery, int]:
    """The cached ones of the counts that `get_counts` returns."""
    return {query: total for query in queries if (total := cache.get(_cache_key(query, max_age))) is not None}


def status_counts() -> dict[Status, int]:
    """The count of each status, at most STATUS_SECONDS old (at its cap: CAPPED_SECONDS)."""
    return _by_status(get_counts(_status_queries(), max_age=STATUS_SECONDS))


def cached_status_counts() -> dict[Status, int]:
    """The cached ones of the counts that `status_counts` returns."""
    return _by_status(get_cached_counts(_status_queries(), max_age=STATUS_SECONDS))


def _status_queries() -> list[CountQuery]:
    return [CountQuery(status, cap=COUNT_CAP) for status in Status]


def _by_status(counts: dict[CountQuery, int]) -> dict[Status, int]:
    return {query.status: total for query, total in counts.items() if query.status}


def _count(query: CountQuery) -> int:
    return count(query.status, after=query.after, before=query.before, cap=query.cap)


def _seconds(query: CountQuery, total: int, max_age: int) -> int:
    if total < query.cap:
        return max_age
    return max(max_age, CAPPED_SECONDS if query.status else CAPPED_TOTAL_SECONDS)


def _cache_key(query: CountQuery, max_age: int) -> str:
    after, before = (instant.isoformat() if instant else "" for instant in (query.after, query.before))
    return f"orders.count|{query.status or ''}|{after}|{before}|{query.cap}|{max_age}"

"""Runs several calls to DynamoDB at the same time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

MAX_THREADS = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_concurrently(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results in the order of the items. The calls run at the same time, so the slowest one sets the time.

    A `time_limit` of the caller holds for the calls too. Raises the first error of a call, or an exception that
    interrupts the caller, at once. Calls that have not started are cancelled; those in progress, MAX_THREADS at most,
    end within DynamoDB's own time limit.
    """
    items = list(items)
    if len(items) <= 1:
        return [function(item) for item in items]
    pool = ThreadPoolExecutor(min(len(items), MAX_THREADS))
    try:
        # Each call gets its own copy, because a context can be entered by one thread at a time.
        contexts = [copy_context() for _ in items]
        return list(pool.map(lambda context, item: context.run(function, item), contexts, items))
    finally:
        # A `with` block would wait for the calls in progress, even after the deadline of a request.
        pool.shutdown(wait=False, cancel_futures=True)

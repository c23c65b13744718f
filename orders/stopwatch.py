"""Time limits: for work that has many steps, and for the calls to DynamoDB of one request."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

TimeIsUp = Callable[[], bool]

REQUEST_SECONDS = 8.0
"""The calls to DynamoDB of one request take at most this long in all, well within the timeouts of API Gateway and of
proxies."""

_end: ContextVar[float] = ContextVar("end", default=inf)


def never() -> bool:
    return False


def after(seconds: float) -> TimeIsUp:
    """A function that returns whether this many seconds have passed since `after` was called."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let `seconds_left` count down in the block, and in the threads of `orders.concurrency` that it starts.

    A block inside another one can only shorten its time.
    """
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


def seconds_left() -> float:
    """The seconds until the innermost `time_limit` ends; infinite outside of one, negative after its end."""
    return _end.get() - time.monotonic()

"""A time limit for work of many steps, so that the rules themselves never read the clock."""

import time
from collections.abc import Callable

TimeIsUp = Callable[[], bool]


def never() -> bool:
    return False


def after(seconds: float) -> TimeIsUp:
    """A function that returns whether this many seconds have passed since the call of `after`."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline

"""Time limits for work that has many steps."""

import time
from collections.abc import Callable

TimeIsUp = Callable[[], bool]


def never() -> bool:
    return False


def after(seconds: float) -> TimeIsUp:
    """A function that returns whether this many seconds have passed since `after` was called."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline

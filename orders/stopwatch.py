"""How work of many steps knows that its time is over, without any of its rules reading the clock."""

import time
from collections.abc import Callable

TimeIsUp = Callable[[], bool]


def never() -> bool:
    return False


def after(seconds: float) -> TimeIsUp:
    """Says, whenever it is called, whether so many seconds have passed since now."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline

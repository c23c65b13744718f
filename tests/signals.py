"""Changes how the tests and the processes that they start handle a signal."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def handled(number: signal.Signals, by: Callable[[int, FrameType | None], object] | signal.Handlers) -> Iterator[None]:
    """The signal is handled in this way inside the block."""
    previous = signal.signal(number, by)
    try:
        yield
    finally:
        signal.signal(number, previous)

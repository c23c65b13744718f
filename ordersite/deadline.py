"""Stops a request shortly before Lambda would, so that the client gets an error message.

docs/decisions/0009-requests-end-before-the-lambda-timeout.md has the reasons.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from orders.stopwatch import time_limit


class DeadlinePassedError(BaseException):
    """Raised in the code that takes too long; the traceback shows where.

    Not an Exception, so that no code on the call stack handles it and continues.
    """


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises DeadlinePassedError in the block after this many seconds.

    Works only in the main thread, in which Lambda calls its handler, because other threads receive no signals. Calls to
    DynamoDB in the block end at the same time, in every thread.
    """
    with time_limit(seconds), _alarm(seconds):
        yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, _end)
    # 0 would turn the alarm off.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _end(signum: int, frame: FrameType | None) -> None:
    raise DeadlinePassedError

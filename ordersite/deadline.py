"""An end, in words, to what takes longer than Lambda lets it: Lambda itself would end it without any.

docs/decisions/0009-requests-end-before-the-lambda-timeout.md has the reasons.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class DeadlinePassedError(BaseException):
    """Raised in the midst of whatever takes too long; its traceback says of what.

    Not an Exception: nothing on its way may take it for a failure of its own and go on.
    """


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let the block run for so many seconds. Raises DeadlinePassedError in it when they are over.

    Works in the main thread, where Lambda calls its handler; in another one, which no signal reaches, there is no end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGALRM, _end)
    # An alarm set to 0 would be none at all.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _end(signum: int, frame: FrameType | None) -> None:
    raise DeadlinePassedError

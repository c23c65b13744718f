"""Lets a long command finish its current step and print its summary on SIGINT and SIGTERM."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STDERR = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = "Stopping after the current step. A second signal stops at once.\n"


class Interruption:
    """Calling it returns whether a signal has arrived, so it can serve as a TimeIsUp."""

    signum: int | None = None

    def __call__(self) -> bool:
        return self.signum is not None

    def exit(self) -> None:
        """If a signal has arrived, raise SystemExit with the code that shells expect: 128 + the signal's number."""
        if self.signum is not None:
            raise SystemExit(128 + self.signum)

    def handle(self, signum: int, _: FrameType | None) -> None:
        if self.signum is not None:
            raise _SecondSignal(signum)
        self.signum = signum
        # Not through sys.stderr, because the signal may interrupt a write to it.
        with suppress(OSError):
            os.write(STDERR, NOTICE.encode())


class _SecondSignal(BaseException):
    """Not an Exception, so that no handler for errors catches it. The argument is the signal's number."""


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Records the first SIGINT or SIGTERM during the block; a second one ends the block and the process.

    Does nothing outside the main thread, the only one that receives signals.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    previous = {signum: signal.signal(signum, interruption.handle) for signum in SIGNALS}
    try:
        yield interruption
    except _SecondSignal as second:
        # On a usual exit, Python would wait for the calls that other threads are making.
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(128 + second.args[0])
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)

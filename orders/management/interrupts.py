"""SIGINT and SIGTERM let a long command finish the step at hand and print what it did."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STDERR = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = "Stopping after the step at hand. A second signal stops at once.\n"


class Interruption:
    """Whether a signal has come; called as a TimeIsUp."""

    signum: int | None = None

    def __call__(self) -> bool:
        return self.signum is not None

    def exit(self) -> None:
        """End the process as the shell expects of one that a signal has stopped: 128 + the signal's number.

        Raises SystemExit; returns when no signal has come.
        """
        if self.signum is not None:
            raise SystemExit(128 + self.signum)

    def note(self, signum: int, _: FrameType | None) -> None:
        if self.signum is not None:
            raise SystemExit(128 + signum)
        self.signum = signum
        # Not through sys.stderr: a signal may come while that is being written to.
        with suppress(OSError):
            os.write(STDERR, NOTICE.encode())


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Notes the first SIGINT or SIGTERM that comes in the block; a second one raises SystemExit in it.

    In a thread other than the main one, which gets no signals, nothing is noted.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    former = {signum: signal.signal(signum, noted.note) for signum in SIGNALS}
    try:
        yield noted
    finally:
        for signum, handler in former.items():
            signal.signal(signum, handler)

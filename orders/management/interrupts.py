"""On SIGINT and SIGTERM, a long command finishes the current step and prints its summary."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STDERR = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = "Stopping after the current step. A second signal stops at once.\n"


class Interruption:
    """Whether a signal has arrived. Can be called as a TimeIsUp."""

    signum: int | None = None

    def __call__(self) -> bool:
        return self.signum is not None

    def exit(self) -> None:
        """Exit with the code that shells expect after a signal: 128 + the signal's number.

        Raises SystemExit; returns if no signal has arrived.
        """
        if self.signum is not None:
            raise SystemExit(128 + self.signum)

    def note(self, signum: int, _: FrameType | None) -> None:
        if self.signum is not None:
            raise SystemExit(128 + signum)
        self.signum = signum
        # Not through sys.stderr: the signal may arrive while that is being written to.
        with suppress(OSError):
            os.write(STDERR, NOTICE.encode())


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Records the first SIGINT or SIGTERM in the block; a second one raises SystemExit.

    Outside the main thread, which alone receives signals, it does nothing.
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

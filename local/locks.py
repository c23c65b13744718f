"""Locks between processes that the kernel drops however their holder ends, kill -9 included."""

import fcntl
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PAUSE = 0.02


class Lock:
    """One file's advisory lock, shared by many or owned by one; asking again changes the hold that is there.

    Child processes do not inherit the hold, except by a bare fork.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._file = path.open("ab" if create else "rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def share(self) -> None:
        """Wait while somebody owns the lock, then hold it together with others."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def own(self) -> None:
        """Wait until nobody else holds the lock in any way, then hold it alone."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def try_share(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_own(self, *, patience: float = 0) -> bool:
        """Like `own`, but give up after `patience` seconds."""
        deadline = time.monotonic() + patience
        while not self._try(fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE)
        return True

    def release(self) -> None:
        """Drop the hold, for forked copies of this process as well; the lock cannot be used again."""
        if not self._file.closed:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    def _try(self, hold: int) -> bool:
        try:
            fcntl.flock(self._file, hold | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

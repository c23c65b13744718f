"""File locks between processes. The kernel releases them when their holder ends, even by SIGKILL."""

import fcntl
from pathlib import Path
from types import TracebackType
from typing import Self


class Lock:
    """An exclusive advisory lock on a file, which is created if necessary."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a+")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.file.close()

    def acquire(self) -> None:
        """Wait until no other process has the lock."""
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def try_acquire(self) -> bool:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

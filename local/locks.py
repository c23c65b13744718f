"""File locks between processes. The kernel releases them when the process that holds them ends, even by SIGKILL."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from local.child import STOP_TIMEOUT
from local.errors import LocalError

POLL_INTERVAL = 0.05


class Lock:
    """An exclusive advisory lock on a file, which is created if necessary."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a+")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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


@contextmanager
def only_run(root: Path, description: str) -> Iterator[None]:
    """Let one `make run` or `make clean-data` at a time use `root`.

    The engine and the server inherit the lock. After a run was killed, this waits until they have ended. Raises
    LocalError, with the `description` and process of the other run, while that runs.
    """
    with Lock(root / "run.lock") as lock:
        deadline = time.monotonic() + 2 * STOP_TIMEOUT
        while not lock.try_acquire():
            lock.file.seek(0)
            pid, _, other = lock.file.read().partition(" ")
            if pid and _is_alive(int(pid)):
                raise LocalError(
                    f"Ordersite is already running in this folder: {other} (process {pid}). "
                    f"Stop it first: Ctrl-C in its terminal, or kill {pid}"
                )
            if time.monotonic() > deadline:
                raise LocalError(
                    f"The processes of an earlier run still use {root}. End them: pkill -f {root / 'dynamodb'}"
                )
            time.sleep(POLL_INTERVAL)
        lock.file.truncate(0)
        lock.file.write(f"{os.getpid()} {description}")
        lock.file.flush()
        os.set_inheritable(lock.file.fileno(), True)  # noqa: FBT003 - the function has no keyword
        yield


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # a process of another user
    return True

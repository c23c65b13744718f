"""The lock that lets one `make run` use a folder, and `make clean-data` only when none does.

The engine and the server inherit the lock, so it is free only after they have ended too, even if `make run` is killed.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.child import STOP_TIMEOUT
from local.errors import AlreadyRunningError
from local.locks import Lock

NAME = "run.lock"
POLL_INTERVAL = 0.05


@contextmanager
def held(root: Path, url: str) -> Iterator[None]:
    """Hold the lock of `root`.

    Waits while the child processes of a killed run end. Raises AlreadyRunningError if another run is active.
    """
    with Lock(root / NAME) as lock:
        deadline = time.monotonic() + 2 * STOP_TIMEOUT
        while not lock.try_acquire():
            lock.file.seek(0)
            pid, _, address = lock.file.read().partition(" ")
            if pid and _is_alive(int(pid)):
                raise AlreadyRunningError(
                    f"Ordersite is already running in this folder: {address} (process {pid}). "
                    f"To start it again, first stop that one: Ctrl-C in its terminal, or kill {pid}"
                )
            if time.monotonic() > deadline:
                raise AlreadyRunningError(
                    f"The processes of an earlier run still use {root}. End them: pkill -f {root / 'dynamodb'}"
                )
            time.sleep(POLL_INTERVAL)
        lock.file.truncate(0)
        lock.file.write(f"{os.getpid()} {url}")
        lock.file.flush()
        os.set_inheritable(lock.file.fileno(), True)  # noqa: FBT003 - the function has no keyword
        yield


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True

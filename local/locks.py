"""File locks between processes. The kernel releases them when the process that holds them ends, even by SIGKILL."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local.child import STOP_TIMEOUT
from local.errors import LocalError

POLL_INTERVAL = 0.05


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold the lock on this file. If another process holds it, call `on_wait` and wait."""
    with path.open("a") as file:
        if not _try_lock(file):
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def only_run(root: Path, description: str) -> Iterator[None]:
    """Let one `make run` or `make clean-data` at a time use `root`.

    The engine and the server inherit the lock. After a run was killed, this waits until they have ended. Raises
    LocalError, with the `description` and process of the other run, while that runs.
    """
    with (root / "run.lock").open("a+") as file:
        deadline = time.monotonic() + 2 * STOP_TIMEOUT
        while not _try_lock(file):
            file.seek(0)
            pid, _, other = file.read().partition(" ")
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
        file.truncate(0)
        file.write(f"{os.getpid()} {description}")
        file.flush()
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function has no keyword
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # a process of another user
    return True

"""Child processes that end with their parent, even if SIGKILL ends the parent.

Between the two is a small process, this file run as a script. It reads a pipe from the parent. At end of file the
parent has closed the pipe or is dead, and the script stops the command. Works on Linux and macOS.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

STOP_TIMEOUT = 5.0
"""Seconds from SIGTERM to SIGKILL."""


@contextmanager
def running(
    command: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    temporary: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in a session of its own, so that only this process receives Ctrl-C.

    At the end the command has ended and its descendants have been killed. They inherit the inheritable file
    descriptors. The folder `temporary` is deleted after the command has ended.
    """
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)  # noqa: FBT003 - the function has no keyword
    script = [sys.executable, "-I", __file__, str(reading), str(temporary or "")]
    process = subprocess.Popen(
        [*script, *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        close_fds=False,
        start_new_session=True,
    )
    os.close(reading)
    try:
        yield process
    finally:
        os.close(writing)
        with suppress(subprocess.TimeoutExpired):
            process.wait(2 * STOP_TIMEOUT)
        with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM if only zombies are left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> int:
    """The exit code of the command."""
    pipe, temporary, *command = sys.argv[1:]
    # The command does not inherit a handler, unlike SIG_IGN. This process has to survive its own SIGTERM to the group.
    signal.signal(signal.SIGTERM, lambda *_: None)
    child = subprocess.Popen(command, close_fds=False)
    parent_ended = threading.Event()
    threading.Thread(target=_stop_with_parent, args=(int(pipe), child, parent_ended), daemon=True).start()
    code = child.wait()
    if temporary:
        shutil.rmtree(temporary, ignore_errors=True)
    if parent_ended.is_set():
        os.killpg(0, signal.SIGKILL)  # descendants of the command, and this process
    return code


def _stop_with_parent(pipe: int, child: subprocess.Popen[bytes], parent_ended: threading.Event) -> None:
    os.read(pipe, 1)  # returns at end of file
    parent_ended.set()
    os.killpg(0, signal.SIGTERM)
    time.sleep(STOP_TIMEOUT)
    child.kill()


if __name__ == "__main__":
    sys.exit(main())

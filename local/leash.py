"""Run a command that must not outlive the one who asked: `python -m local.leash FD COMMAND…`.

FD is the reading end of a pipe. When its writing end closes, because its holder let go or was killed, the command and
what it started get SIGTERM, and SIGKILL if they do not go. Expects to lead a process group of its own.
"""

import os
import signal
import subprocess
import sys
import threading
import time

PATIENCE = 5.0


def main() -> int:
    """The command's exit code."""
    # A handler, unlike SIG_IGN, is not inherited: the command obeys the SIGTERM that this process has to outlive.
    signal.signal(signal.SIGTERM, lambda *_: None)
    holder, *command = sys.argv[1:]
    child = subprocess.Popen(command)
    threading.Thread(target=_end_with, args=(int(holder),), daemon=True).start()
    return child.wait()


def _end_with(holder: int) -> None:
    os.read(holder, 1)  # returns when nobody holds the other end any more
    os.killpg(0, signal.SIGTERM)
    time.sleep(PATIENCE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

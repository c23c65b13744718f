"""The engines that run on this machine, told by their command lines, and how to end one."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "-Dordersite.folder="
"""A Java property that the engine ignores; it names the folder that an engine belongs to."""

PATIENCE = 10.0
PAUSE = 0.05


def engines() -> dict[int, Path]:
    """Each running engine of this user: its process id and the folder that it belongs to."""
    found = ((pid, re.search(rf"{re.escape(MARK)}(.+?) -", line)) for pid, line in command_lines())
    return {pid: Path(mark[1]) for pid, mark in found if mark}


def end(pid: int) -> None:
    """End an engine, by force when it does not go by itself; one that has gone already is no error."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + PATIENCE
        while pid in engines() and time.monotonic() < deadline:
            time.sleep(PAUSE)
        if pid not in engines():
            return


def command_lines() -> Iterator[tuple[int, str]]:
    """The processes of this user and their arguments, joined by spaces."""
    if Path("/proc/self/cmdline").exists():  # slim containers have no ps
        return _from_proc()
    return _from_ps()


def _from_proc() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # a process may end while it is looked at
                if entry.stat().st_uid == os.getuid():
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                    )


def _from_ps() -> Iterator[tuple[int, str]]:
    listing = subprocess.run(["ps", "-xwwo", "pid=,command="], capture_output=True, text=True, check=False)  # noqa: S607 - where ps is differs by system
    for line in listing.stdout.splitlines():
        pid, _, arguments = line.strip().partition(" ")
        yield int(pid), arguments

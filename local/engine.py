"""DynamoDB on this machine, while it is used: Amazon's own DynamoDB Local, started and stopped for its users.

    with running() as endpoint:     # durable, shared with every other process that runs the same folder
    with in_memory() as endpoint:   # empty, and this caller's alone

The engine ends when its last user leaves or is killed; `local.keeper` sees to it. The engine listens on all of the
machine's interfaces, because it has no option to listen on loopback only: on an untrusted network, mind the firewall.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local import PROJECT, ROOT, artifacts, state
from local.errors import DataFolderError, EngineStartError
from local.keeper import START_PATIENCE, STOP_PATIENCE, Plan
from local.locks import PAUSE, Lock
from local.state import State

DURABLE = ROOT / "dynamodb"
PORT = 8765


@contextmanager
def running(folder: Path = DURABLE, *, port: int = PORT) -> Iterator[str]:
    """The endpoint of the durable engine in `folder`, shared by all who ask for that folder at the same time.

    `port` is a preference: when it is taken, the port used last or a free one is. Raises LocalEngineError when the
    engine cannot be had.
    """
    command = artifacts.command()
    folder = folder.resolve()
    (folder / "data").mkdir(parents=True, exist_ok=True)
    _claim(folder, artifacts.ENGINE_VERSION)
    ports = [port, *filter(None, [state.last_port(folder)])]
    with _using(Plan(str(folder), command, artifacts.ENGINE_VERSION, ports, in_memory=False)) as endpoint:
        yield endpoint


@contextmanager
def in_memory() -> Iterator[str]:
    """The endpoint of an empty engine of one's own, gone afterwards. Raises LocalEngineError when it cannot be had."""
    command = artifacts.command()
    folder = Path(tempfile.mkdtemp(prefix="ordersite-engine-")).resolve()
    try:
        with _using(Plan(str(folder), command, artifacts.ENGINE_VERSION, [], in_memory=True)) as endpoint:
            yield endpoint
    finally:
        # The keeper removes the folder too, because it outlives a caller that is killed; but it may never have begun.
        _wait_while(lambda: state.kept(folder))
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _using(plan: Plan) -> Iterator[str]:
    folder = Path(plan.folder)
    with Lock(folder / "users.lock") as users:
        try:
            with Lock(folder / "start.lock") as starting:
                starting.own()
                users.share()  # waits while a keeper that saw its last user go stops its engine
                current = _join(plan)
            yield current.endpoint
        finally:
            _leave(folder, users)


def _join(plan: Plan) -> State:
    """The engine that runs, else a new one. Raises EngineStartError.

    It may take a second look: a starter that was killed leaves a keeper behind that is still starting, and a keeper
    whose Java was killed is there for a moment longer.
    """
    folder = Path(plan.folder)
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if not state.kept(folder):
            state.retire(folder)
            _launch(plan)
        if current := state.read(folder):
            return current
        time.sleep(PAUSE)
    raise EngineStartError(f"The DynamoDB engine did not start; {folder / 'engine.log'} may tell why.")


def _launch(plan: Plan) -> None:
    launch = [sys.executable, "-m", "local.keeper", plan.as_json()]
    done = subprocess.run(launch, cwd=PROJECT, env=_clean(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineStartError(done.stderr.strip())


def _clean() -> dict[str, str]:
    """The environment without what would keep Python from finding this package in its working directory."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


def _leave(folder: Path, users: Lock) -> None:
    """Stop using the engine; when nobody else does, return only after it has ended."""
    with suppress(FileNotFoundError):  # somebody removed the folder: then there is nothing to wait for
        locks = Lock(folder / "start.lock", create=False), Lock(folder / "users.lock", create=False)
        with locks[0] as starting, locks[1] as others:
            starting.own()  # nobody joins meanwhile
            users.release()
            if others.try_own() or not others.try_share():
                others.release()
                _wait_while(lambda: state.kept(folder))


def _wait_while(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * STOP_PATIENCE
    while condition() and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _claim(folder: Path, version: str) -> None:
    """Note whose data it is. An older engine's is taken over; a newer one's may hold what this one would spoil."""
    note = folder / "version"
    written_by = note.read_text().strip() if note.exists() else version
    if _parts(written_by) > _parts(version):
        raise DataFolderError(
            f"The orders in {folder} were written by engine {written_by}, newer than this checkout's {version}: "
            "update the checkout, or move that folder away to begin anew."
        )
    note.write_text(version)


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]

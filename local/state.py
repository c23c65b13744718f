"""What an engine's folder holds, and what is known of the engine that runs there or ran there last.

- start.lock: owned while somebody joins or leaves the engine
- users.lock: shared by each user of the engine; the keeper owns it once the last one has gone
- keeper.lock: owned by the keeper as long as it lives
- engine.json: the running engine's port, processes and version; there only when it has answered
- last.json: the same of the engine before
- engine.log, keeper.log: what Java and the keeper said, this time
- version: of the engine that the data is kept for
- data/: the tables
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local.locks import Lock


@dataclass(frozen=True)
class State:
    pid: int
    java_pid: int
    port: int
    version: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def write(folder: Path, state: State) -> None:
    """Replaces engine.json in one step, so that nobody reads half of it."""
    temporary = folder / f"engine.json.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(state)))
    temporary.replace(folder / "engine.json")


def read(folder: Path) -> State | None:
    """The engine that has answered, if there is one."""
    return _read(folder / "engine.json")


def last_port(folder: Path) -> int | None:
    """The port that the engine of this folder has, or had last."""
    last = _read(folder / "engine.json") or _read(folder / "last.json")
    return last.port if last else None


def retire(folder: Path) -> None:
    """From here on nobody takes the engine of engine.json for a running one."""
    with suppress(FileNotFoundError):
        (folder / "engine.json").replace(folder / "last.json")


def kept(folder: Path) -> bool:
    """Whether a keeper lives for this folder. Its lock says so, since a process id may have been given anew."""
    try:
        with Lock(folder / "keeper.lock", create=False) as lock:
            return not lock.try_share()
    except FileNotFoundError:
        return False


def _read(path: Path) -> State | None:
    try:
        return State(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):  # no such file, or somebody's own idea of it
        return None

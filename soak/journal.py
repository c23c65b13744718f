"""The journal: what each client sent, and what it received."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from orders.instants import write_instant


def now() -> str:
    """The current instant in the format of the table, so that texts of both sort by time."""
    return write_instant(datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request, one walk through a list or one sweep."""

    number: int
    client: str
    """The author that the history of an order shows, such as `api-key:shop-1`."""
    operation: str
    started: str
    ended: str
    order_id: str = ""
    sent: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    """The HTTP status, or the exit status of a sweep. None if there was no response."""
    code: str = ""
    """The `code` of a problem document."""
    reply: Any = None
    retry_after: bool = False
    replayed: bool = False

    def __str__(self) -> str:
        status = "no response" if self.status is None else f"{self.status} {self.code}".strip()
        return f"entry {self.number} ({self.client}, {self.operation}, {status})"


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A process that was killed at `at` and replaced by `until`."""

    process: str
    at: str
    until: str


class Journal:
    """The entries and kills of a run. Each is also appended to a file, so that a broken run can be examined."""

    def __init__(self, file: Path) -> None:
        self.entries: list[Entry] = []
        self.kills: list[Kill] = []
        self._file = file.open("w")
        self._lock = Lock()

    def add(self, **fields: Any) -> Entry:
        with self._lock:
            entry = Entry(number=len(self.entries) + 1, **fields)
            self.entries.append(entry)
            self._append(entry)
        return entry

    def killed(self, process: str, action: Callable[[], object]) -> None:
        """Run the action, which kills and replaces the process, and record both times, unless it returns False."""
        at = now()
        if action() is False:
            return
        with self._lock:
            self.kills.append(Kill(process=process, at=at, until=now()))
            self._append(self.kills[-1])

    def close(self) -> None:
        self._file.close()

    def _append(self, record: Entry | Kill) -> None:
        self._file.write(f"{json.dumps(asdict(record))}\n")
        self._file.flush()

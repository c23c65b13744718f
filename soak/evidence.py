"""What a run leaves behind, in the forms in which the checks need it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from soak.journal import Entry, Kill
from soak.table import Item, Table

CREATED, DELETED, OK, CLIENT_ERROR, SERVER_ERROR = 201, 204, 200, 400, 500

BULK_TARGETS = {"process": "PROCESSING", "complete": "COMPLETED", "cancel": "CANCELLED"}
BULK_DONE = ("became", "was deleted")
BULK_UNKNOWN = ("may or may not", "could not be changed")


class Outcome(Enum):
    """The response that the client got for a write."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Write(NamedTuple):
    """One order that a request was to create, change or delete."""

    entry: Entry
    order_id: str
    kind: str
    outcome: Outcome
    to: str = ""
    version: int = 0
    """The version that a bulk action has read and changes."""


class Sighting(NamedTuple):
    """An order as a response showed it."""

    entry: Entry
    document: Item

    @property
    def history(self) -> list[Item]:
        history: list[Item] = self.document["history"]
        return history


class Identity(NamedTuple):
    """An order. After its deletion, a repeated create with the same key places another one with the same id."""

    order_id: str
    created_at: str


@dataclass(frozen=True)
class Evidence:
    entries: list[Entry]
    kills: list[Kill]
    table: Table
    faults: Mapping[str, int] = field(default_factory=dict)
    """How often each fault was injected."""
    operations: int = 0
    """How many operations the clients have started. One may take several requests."""
    descriptors: Sequence[int] = ()
    """The open descriptors of each worker after the last request. Empty on systems without /proc."""

    @cached_property
    def writes(self) -> list[Write]:
        return [write for entry in self.entries for write in _writes(entry)]

    @cached_property
    def deletes(self) -> dict[str, list[Write]]:
        """The deletes of each order that took effect or may have."""
        found = defaultdict(list)
        for write in self.writes:
            if write.kind == "delete" and write.outcome is not Outcome.REFUSED:
                found[write.order_id].append(write)
        return found

    @cached_property
    def sightings(self) -> dict[Identity, list[Sighting]]:
        """What responses showed of each order, in the order in which they arrived."""
        found = defaultdict(list)
        for entry in sorted(self.entries, key=lambda entry: entry.ended):
            if document := _document(entry):
                found[Identity(document["order_id"], document["created_at"])].append(Sighting(entry, document))
        return found

    @cached_property
    def histories(self) -> dict[Identity, list[Item]]:
        """The history of each order: as in the table, or as last seen if it is no longer there."""
        seen = {key: max((s.history for s in found), key=len) for key, found in self.sightings.items()}
        stored = {Identity(item["order_id"], item["created_at"]): item["history"] for item in self.table.items.values()}
        return {**seen, **stored}

    @cached_property
    def identities(self) -> dict[str, list[Identity]]:
        """The orders that have had each id."""
        found = defaultdict(list)
        for key in self.histories:
            found[key.order_id].append(key)
        return found

    def may_be_deleted(self, order_id: str, *, by: str) -> bool:
        """Whether a request that was sent by that instant has deleted the order, or may have."""
        return any(write.entry.started <= by for write in self.deletes[order_id])

    def stored(self, key: Identity) -> Item | None:
        item = self.table.items.get(key.order_id)
        return item if item and item["created_at"] == key.created_at else None


def _writes(entry: Entry) -> Iterator[Write]:
    if entry.operation == "bulk":
        yield from _bulk_writes(entry)
    elif entry.operation in ("create", "change", "delete"):
        order_id = entry.order_id or (entry.reply["order_id"] if entry.status == CREATED else "")
        yield Write(entry, order_id, entry.operation, _outcome(entry), entry.sent.get("to", ""))


def _outcome(entry: Entry) -> Outcome:
    if entry.status is None or entry.status >= SERVER_ERROR:
        return Outcome.UNKNOWN
    return Outcome.DONE if entry.status < CLIENT_ERROR else Outcome.REFUSED


def _bulk_writes(entry: Entry) -> Iterator[Write]:
    action = entry.sent["action"]
    kind, to = ("delete", "") if action == "delete" else ("change", BULK_TARGETS[action])
    for order_id, revision in entry.sent["seen"].items():
        message = entry.reply.get(order_id) if entry.reply else None
        yield Write(entry, order_id, kind, _bulk_outcome(message), to, int(revision))


def _bulk_outcome(message: str | None) -> Outcome:
    if message is None or message.startswith(BULK_UNKNOWN):
        return Outcome.UNKNOWN
    return Outcome.DONE if message.startswith(BULK_DONE) else Outcome.REFUSED


def _document(entry: Entry) -> Item | None:
    """The order in the response, if there is one."""
    if entry.operation not in ("create", "get", "change", "delete") or not isinstance(entry.reply, dict):
        return None
    document: Any = entry.reply.get("order", entry.reply)
    return document if "history" in document else None

"""Histories are legal, in order, complete and never rewritten."""

from collections.abc import Iterator
from itertools import pairwise

from orders.lifecycle import Status, allowed_transitions
from soak.evidence import Evidence, Sighting
from soak.table import Item


def illegal_histories(evidence: Evidence) -> Iterator[str]:
    for order_id, item in evidence.table.items.items():
        yield from (f"Order {order_id}: {problem}." for problem in _problems(item))


def _problems(item: Item) -> Iterator[str]:
    history = item["history"]
    if item["version"] != len(history):
        yield f"its version is {item['version']}, but its history has {len(history)} entries"
    first, last = history[0], history[-1]
    if (first["status"], first["at"]) != ("PENDING", item["created_at"]):
        yield f"its history begins with {first['status']} at {first['at']}, not with PENDING at {item['created_at']}"
    if (last["status"], last["at"]) != (item["status"], item["updated_at"]):
        yield f"it is {item['status']} since {item['updated_at']}, but its history ends with {last}"
    if not item["status_key"].startswith(f"{item['status']}#"):
        yield f"it is {item['status']}, but its index key is {item['status_key']}"
    if (item["status"] == "EXPIRED") != ("expired_at" in item):
        yield f"it is {item['status']}, and its expired_at is {item.get('expired_at')}"
    for before, after in pairwise(history):
        yield from _problems_of_a_change(before, after)


def _problems_of_a_change(before: Item, after: Item) -> Iterator[str]:
    if not _is_legal(Status(before["status"]), Status(after["status"])):
        yield f"its history has a change from {before['status']} to {after['status']} at {after['at']}"
    if after["at"] < before["at"]:
        yield f"its history runs backwards from {before['at']} to {after['at']} ({after['status']})"


def _is_legal(before: Status, after: Status) -> bool:
    by_sweep = (before, after) == (Status.PENDING, Status.EXPIRED)
    return by_sweep or after in allowed_transitions(before)


def changed_histories(evidence: Evidence) -> Iterator[str]:
    """The history that a response shows is the beginning of the final history."""
    for key, sightings in evidence.sightings.items():
        final = evidence.histories[key]
        for sighting in sightings:
            if sighting.document["version"] != len(sighting.history):
                yield f"Order {key.order_id}: {sighting.entry} shows a version other than the length of its history."
            if final[: len(sighting.history)] != sighting.history:
                yield f"Order {key.order_id}: {sighting.entry} shows a history that the order does not have later."


def outdated_reads(evidence: Evidence) -> Iterator[str]:
    """A GET shows at least the version that any response before its start has shown."""
    for key, sightings in evidence.sightings.items():
        for read in sightings:
            if read.entry.operation == "get" and (newer := _newer(read, sightings)):
                yield f"Order {key.order_id}: {read.entry} shows an older version than {newer.entry} before it."


def _newer(read: Sighting, sightings: list[Sighting]) -> Sighting | None:
    version = read.document["version"]
    for other in sightings:
        if other.entry.ended >= read.entry.started:
            return None
        if other.document["version"] > version:
            return other
    return None

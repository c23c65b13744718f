"""Lists are in order, without repetitions, and complete."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from orders.instants import read_instant, write_instant
from soak.evidence import Evidence, Identity
from soak.journal import Entry
from soak.table import Item

INDEX_LAG = timedelta(seconds=2)
"""Lists may lag behind writes (docs/api.md), so a walk need not contain what is younger."""


def wrong_walks(evidence: Evidence) -> Iterator[str]:
    for entry in _walks(evidence):
        rows = entry.reply["rows"]
        for newer, older in pairwise(rows):
            if _created_key(newer) <= _created_key(older):
                yield f"Order {older[0]}: {entry} lists it twice or after {newer[0]}, which is older."
        for row in rows:
            yield from (f"Order {row[0]}: {entry} {problem}." for problem in _problems(row, entry, evidence))


def _problems(row: list[Any], entry: Entry, evidence: Evidence) -> Iterator[str]:
    order_id, created_at, status, version = row
    filters = entry.sent
    if filters.get("status", status) != status or created_at < filters.get("created_after", ""):
        yield f"lists it although it does not match {filters}"
    if order_id not in evidence.table.items and not evidence.deletes[order_id]:
        yield "lists it, but it is not in the table, and nobody has deleted it"
    history = evidence.histories.get(Identity(order_id, created_at), [])
    if len(history) >= version and history[version - 1]["status"] != status:
        yield f"lists version {version} as {status}, but it is {history[version - 1]['status']}"


def incomplete_walks(evidence: Evidence) -> Iterator[str]:
    for entry in _walks(evidence):
        listed = {row[0] for row in entry.reply["rows"]}
        before = write_instant(read_instant(entry.started) - INDEX_LAG)
        for order_id, item in evidence.table.items.items():
            if order_id not in listed and _must_be_listed(item, entry, before, evidence):
                yield f"Order {order_id}: {entry} with {entry.sent or 'no filter'} does not list it."


def _walks(evidence: Evidence) -> Iterator[Entry]:
    return (entry for entry in evidence.entries if entry.operation == "walk" and entry.reply["complete"])


def _must_be_listed(item: Item, walk: Entry, before: str, evidence: Evidence) -> bool:
    """Whether the order existed and matched the filters from that instant until the end of the walk."""
    filters = walk.sent
    if not filters.get("created_after", "") <= item["created_at"] <= before:
        return False
    if item["customer_email"] != filters.get("customer_email", item["customer_email"]):
        return False
    version = _version_known(item, before, evidence)
    if version == 0:
        return False
    return "status" not in filters or _had_status(item, version, filters["status"], walk.ended)


def _version_known(item: Item, by: str, evidence: Evidence) -> int:
    """The version of the order that a response had shown by that instant; 0 if none had shown the order."""
    sightings = evidence.sightings.get(Identity(item["order_id"], item["created_at"]), [])
    return max((seen.document["version"] for seen in sightings if seen.entry.ended <= by), default=0)


def _had_status(item: Item, version: int, status: str, until: str) -> bool:
    history = item["history"]
    is_changed = len(history) > version and history[version]["at"] <= until
    return history[version - 1]["status"] == status and not is_changed


def incomplete_indexes(evidence: Evidence) -> Iterator[str]:
    """At the end, each index contains exactly the orders of the table, in their latest versions."""
    items = evidence.table.items
    for name, index in evidence.table.indexes.items():
        expected = {order_id for order_id, item in items.items() if name != "by_customer" or item["customer_email"]}
        for order_id in sorted(expected ^ set(index)):
            yield f"Order {order_id}: it is {'missing from' if order_id in expected else 'only in'} the index {name}."
        for order_id in sorted(expected & set(index)):
            if any(items[order_id].get(attribute) != value for attribute, value in index[order_id].items()):
                yield f"Order {order_id}: it has other values in the index {name}."


def _created_key(row: list[Any]) -> str:
    return f"{row[1]}#{row[0]}"

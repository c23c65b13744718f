"""Acknowledged writes are in the table, and nothing is there twice or without a request."""

from collections import defaultdict
from collections.abc import Iterator

from soak.evidence import CREATED, Evidence, Identity, Outcome, Write
from soak.table import Item

FIELDS = ("item", "quantity", "customer_name", "customer_email", "created_at")


def lost_orders(evidence: Evidence) -> Iterator[str]:
    """An order that a response has shown is in the table with the same values, unless it may have been deleted."""
    for key, sightings in evidence.sightings.items():
        item, entry = evidence.stored(key), sightings[0].entry
        if item is None and not evidence.deletes[key.order_id]:
            yield f"Order {key.order_id}: {entry} shows it, but it is not in the table, and nobody has deleted it."
        for sighting in sightings if item else ():
            wrong = [name for name in FIELDS if item and sighting.document[name] != item[name]]
            if wrong:
                yield f"Order {key.order_id}: {sighting.entry} shows another {' and '.join(wrong)} than the table."


def deleted_orders_that_exist(evidence: Evidence) -> Iterator[str]:
    for order_id, writes in evidence.deletes.items():
        item = evidence.table.items.get(order_id)
        for write in writes:
            if item and write.outcome is Outcome.DONE and _placed_before(item, write.entry.started, evidence):
                yield f"Order {order_id}: {write.entry} deleted it, but it is still in the table."


def _placed_before(item: Item, instant: str, evidence: Evidence) -> bool:
    """Whether the request that placed the order had ended by then. A later one may have placed it again."""
    key = Identity(item["order_id"], item["created_at"])
    sightings = evidence.sightings.get(key, [])
    return bool(sightings) and sightings[0].entry.ended < instant


def orders_placed_twice(evidence: Evidence) -> Iterator[str]:
    yield from _with_the_same_item(evidence.table.items)
    yield from _with_the_same_key(evidence)
    yield from _not_replayed(evidence)


def _with_the_same_item(items: dict[str, Item]) -> Iterator[str]:
    """Each create request has an item of its own."""
    found = defaultdict(list)
    for order_id, item in items.items():
        found[item["item"]].append(order_id)
    for name, order_ids in found.items():
        if len(order_ids) > 1:
            yield f"Orders {', '.join(order_ids)}: one request for {name!r} has placed them all."


def _with_the_same_key(evidence: Evidence) -> Iterator[str]:
    found: dict[tuple[str, str], Write] = {}
    for write in evidence.writes:
        if write.kind == "create" and write.outcome is Outcome.DONE and write.entry.sent["key"]:
            first = found.setdefault((write.entry.client, write.entry.sent["key"]), write)
            if first.order_id != write.order_id:
                yield f"Orders {first.order_id}, {write.order_id}: {first.entry} and {write.entry} have the same key."


def _not_replayed(evidence: Evidence) -> Iterator[str]:
    """The response to a repeated create says so, if the order was placed before and nobody has deleted it."""
    placed: dict[str, Write] = {}
    for write in evidence.writes:
        if write.kind != "create" or write.entry.status != CREATED:
            continue
        first = placed.setdefault(write.order_id, write)
        is_repeated = first is not write and first.entry.ended < write.entry.started
        if is_repeated and not evidence.may_be_deleted(write.order_id, by=write.entry.ended):
            if not write.entry.replayed:
                yield f"Order {write.order_id}: {first.entry} placed it, but {write.entry} is not marked as a repeat."
            if first.entry.reply["created_at"] != write.entry.reply["created_at"]:
                yield f"Order {write.order_id}: {first.entry} placed it, but {write.entry} placed it again."


def lost_bulk_changes(evidence: Evidence) -> Iterator[str]:
    """A change that a bulk action reports is the next one in the history after the version that it had read."""
    for write in evidence.writes:
        if write.entry.operation != "bulk" or write.kind != "change" or write.outcome is not Outcome.DONE:
            continue
        if not _is_in_a_history(write, evidence):
            yield f"Order {write.order_id}: {write.entry} reports a change to {write.to} that the history lacks."


def _is_in_a_history(write: Write, evidence: Evidence) -> bool:
    if evidence.deletes[write.order_id]:
        return True  # unknown: it was deleted, and may have been placed again with the same key
    histories = [evidence.histories[key] for key in evidence.identities[write.order_id]]
    changes = [history[write.version] for history in histories if len(history) > write.version]
    return any((change["status"], change["by"]) == (write.to, write.entry.client) for change in changes)


def changes_that_nobody_requested(evidence: Evidence) -> Iterator[str]:
    requested = {write.entry.sent["order"]["item"] for write in evidence.writes if write.kind == "create"}
    changes = defaultdict(list)
    for write in evidence.writes:
        if write.kind == "change":
            changes[write.order_id, write.to, write.entry.client].append(write.entry)
    for order_id, item in evidence.table.items.items():
        if item["item"] not in requested:
            yield f"Order {order_id}: nobody has requested {item['item']!r}."
        for change in item["history"][1:]:
            entries = changes[order_id, change["status"], change["by"]]
            is_sweep = change["by"].startswith("system:")
            if not is_sweep and not any(entry.started <= change["at"] <= entry.ended for entry in entries):
                yield (
                    f"Order {order_id}: {change['by']} did not request the change to {change['status']} "
                    f"at {change['at']}."
                )

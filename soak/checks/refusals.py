"""A refusal is correct, and a refused write takes no effect."""

from collections.abc import Callable, Iterator

from orders.lifecycle import Status, allowed_transitions
from soak.evidence import Evidence, Outcome, Write
from soak.journal import Entry


def wrong_refusals(evidence: Evidence) -> Iterator[str]:
    checks: dict[int, Callable[[Entry, Evidence], str | None]] = {
        404: _missing,
        409: _illegal,
        412: _mismatched,
        422: _reused,
    }
    for entry in evidence.entries:
        if entry.status in checks and (reason := checks[entry.status](entry, evidence)):
            yield f"Order {entry.order_id or entry.sent.get('key')}: {entry} is wrong, because {reason}."


def _missing(entry: Entry, evidence: Evidence) -> str | None:
    """A 404 is wrong if the order was placed before the request, and no delete was sent before the response."""
    for key in evidence.identities[entry.order_id]:
        sightings = evidence.sightings.get(key)
        if sightings and sightings[0].entry.ended < entry.started:
            if evidence.may_be_deleted(entry.order_id, by=entry.ended):
                return None
            return f"{sightings[0].entry} shows the order, and nobody has deleted it"
    return None


def _illegal(entry: Entry, evidence: Evidence) -> str | None:
    status, to = Status(entry.reply["order"]["status"]), Status(entry.sent["to"])
    if to is status or to in allowed_transitions(status):
        return f"a {status} order may become {to}"
    return None


def _mismatched(entry: Entry, evidence: Evidence) -> str | None:
    version, current = entry.sent["version"], entry.reply["order"]["version"]
    if version is None:
        return "it has no If-Match"
    return f"the order has version {current}" if version == current else None


def _reused(entry: Entry, evidence: Evidence) -> str | None:
    """A 422 is right only if the same caller has used the key for another order."""
    same_key = (
        other
        for other in evidence.entries
        if other.operation == "create" and other.client == entry.client and other.sent["key"] == entry.sent["key"]
    )
    if any(other.sent["order"] != entry.sent["order"] for other in same_key):
        return None
    return "the key was used for this order only"


def refused_writes_that_took_effect(evidence: Evidence) -> Iterator[str]:
    """The history must have no entry of a caller from the time of a refused request: a caller sends one at a time."""
    refused: dict[str, list[Write]] = {}
    for write in evidence.writes:
        if write.kind == "change" and write.outcome is Outcome.REFUSED:
            refused.setdefault(write.order_id, []).append(write)
    for key, history in evidence.histories.items():
        for write in refused.get(key.order_id, []):
            entry = write.entry
            for change in history:
                is_own = change["by"] == entry.client and change["status"] == write.to
                if is_own and entry.started <= change["at"] <= entry.ended:
                    yield f"Order {key.order_id}: {entry} was refused, but its change to {write.to} took effect."

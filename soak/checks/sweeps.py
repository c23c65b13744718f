"""Sweeps expire the right orders, and report what they did."""

from collections.abc import Iterator
from datetime import timedelta

from orders.instants import read_instant
from soak.evidence import Evidence
from soak.journal import Entry

BY = "system:expire_orders"
KILLED = -9
FAILED = 1


def wrong_expiries(evidence: Evidence) -> Iterator[str]:
    """EXPIRED is set by a sweep only, while it runs, and only for orders that are old enough."""
    sweeps = _sweeps(evidence)
    for key, history in evidence.histories.items():
        for change in history:
            if change["status"] != "EXPIRED":
                continue
            if change["by"] != BY:
                yield f"Order {key.order_id}: {change['by']} has set it to EXPIRED."
            running = [sweep for sweep in sweeps if sweep.started <= change["at"] <= sweep.ended]
            if not running:
                yield f"Order {key.order_id}: it expired at {change['at']}, when no sweep was running."
            for sweep in running:
                age = timedelta(hours=sweep.sent["age_hours"])
                if read_instant(change["at"]) - read_instant(key.created_at) < age:
                    yield f"Order {key.order_id}: {sweep} expired it when it was younger than {age}."


def wrong_summaries(evidence: Evidence) -> Iterator[str]:
    kills = [kill for kill in evidence.kills if kill.process == "sweep"]
    for sweep in _sweeps(evidence):
        summary, output = sweep.reply["summary"], sweep.reply["output"]
        was_killed = any(kill.at <= sweep.ended and kill.until >= sweep.started for kill in kills)
        if "Traceback" in output or sweep.status not in (0, FAILED, *([KILLED] if was_killed else [])):
            yield f"{sweep} did not end as documented: {output[-500:]}"
        if sweep.status == 0 and summary is None:
            yield f"{sweep} has no summary."
        if summary:
            yield from _wrong_numbers(sweep, evidence)


def _wrong_numbers(sweep: Entry, evidence: Evidence) -> Iterator[str]:
    """Compares the summary with the histories. An order that was deleted later may have none."""
    summary = sweep.reply["summary"]
    ids = [
        key.order_id
        for key, history in evidence.histories.items()
        if any(change["by"] == BY and sweep.started <= change["at"] <= sweep.ended for change in history)
    ]
    deleted = sum(any(write.entry.ended >= sweep.started for write in writes) for writes in evidence.deletes.values())
    if len(ids) > summary["expired"] + summary["failed"]:
        yield f"{sweep} reports {summary['expired']} expired orders, but it expired {len(ids)}: {', '.join(ids)}."
    if summary["expired"] > len(ids) + deleted:
        yield f"{sweep} reports {summary['expired']} expired orders, but the histories have {len(ids)}."
    if summary["unreadable"] or summary["repaired"]:
        yield f"{sweep} reports unreadable or repaired orders, but no other program has written any."


def _sweeps(evidence: Evidence) -> list[Entry]:
    return [entry for entry in evidence.entries if entry.operation == "sweep"]

"""Every request gets a response in time, with a documented status."""

from collections.abc import Iterator
from datetime import timedelta

from orders.instants import read_instant
from soak.evidence import Evidence
from soak.journal import Entry, Kill

UNAVAILABLE = 503

EXPECTED: dict[str, dict[int, tuple[str, ...]]] = {
    "create": {201: ("",), 422: ("idempotency_key_reused",)},
    "get": {200: ("",), 404: ("order_not_found",)},
    "change": {
        200: ("",),
        404: ("order_not_found",),
        409: ("illegal_transition",),
        412: ("version_mismatch",),
    },
    "delete": {204: ("",), 404: ("order_not_found",), 412: ("version_mismatch",)},
    "page": {200: ("",)},
    "preview": {200: ("",)},
    "bulk": {200: ("",)},
}
"""The statuses of docs/api.md and docs/dashboard.md that this workload can cause, with their codes."""

LIMIT = timedelta(seconds=10)
BULK_LIMIT = timedelta(seconds=25)
"""A bulk action tries no further order after 15 seconds. The last one may take another 10."""
RECOVERY = timedelta(seconds=10)
"""After a kill, requests that were waiting may still be slow."""

NO_ANSWER_AFTER_KILL = timedelta(seconds=2)


def unexpected_statuses(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.entries:
        if entry.operation not in EXPECTED or entry.status is None:
            continue
        if entry.status == UNAVAILABLE:
            yield from _wrong_unavailability(entry)
        elif entry.code not in EXPECTED[entry.operation].get(entry.status, ()):
            yield f"{_named(entry)} is not a documented response."
        elif entry.operation == "page" and entry.reply:
            yield f"{_named(entry)} lists unreadable orders: {entry.reply}."


def _wrong_unavailability(entry: Entry) -> Iterator[str]:
    is_page = entry.operation in ("preview", "bulk")
    if entry.code != ("" if is_page else "store_unavailable"):
        yield f"{_named(entry)} is not a documented response."
    if not entry.retry_after:
        yield f"{_named(entry)} has no Retry-After."


def missing_responses(evidence: Evidence) -> Iterator[str]:
    """Only a killed worker may leave requests without a response."""
    kills = [kill for kill in evidence.kills if kill.process == "worker"]
    for entry in evidence.entries:
        if entry.status is None and not _overlaps(entry, kills, NO_ANSWER_AFTER_KILL):
            yield f"{_named(entry)} happened although no worker was killed."


def late_responses(evidence: Evidence) -> Iterator[str]:
    kills = [kill for kill in evidence.kills if kill.process != "sweep"]
    for entry in evidence.entries:
        limit = BULK_LIMIT if entry.operation == "bulk" else LIMIT
        duration = read_instant(entry.ended) - read_instant(entry.started)
        if entry.operation in EXPECTED and duration > limit and not _overlaps(entry, kills, RECOVERY):
            yield f"{_named(entry)} took {duration.total_seconds():.1f} s, more than {limit.total_seconds():.0f} s."


def failed_bulk_rows(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.entries:
        if entry.operation != "bulk" or not entry.reply:
            continue
        for order_id, message in entry.reply.items():
            if message.startswith("could not be changed"):
                yield f"Order {order_id}: {_named(entry)} reports an unexpected error."


def _overlaps(entry: Entry, kills: list[Kill], grace: timedelta) -> bool:
    started, ended = read_instant(entry.started), read_instant(entry.ended)
    return any(started <= read_instant(kill.until) + grace and ended >= read_instant(kill.at) for kill in kills)


def _named(entry: Entry) -> str:
    order = f"Order {entry.order_id}: " if entry.order_id else ""
    return f"{order}{entry}"

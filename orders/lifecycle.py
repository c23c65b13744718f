"""The statuses of an order, the transitions between them, and when a PENDING order expires.

Pure rules: the standard library only, and the clock is never read (callers pass `at=`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


INITIAL = Status.PENDING

EXPIRING_SOON = timedelta(hours=6)
"""An order that expires within this time is shown as expiring soon."""

# The transitions that a caller may request. EXPIRED is missing, because only the sweep sets it.
TRANSITIONS: Mapping[Status, tuple[Status, ...]] = {
    Status.PENDING: (Status.PROCESSING, Status.CANCELLED),
    Status.PROCESSING: (Status.COMPLETED, Status.CANCELLED),
    Status.COMPLETED: (),
    Status.CANCELLED: (),
    Status.EXPIRED: (),
}


def parse_status(text: str) -> Status:
    """The status that `text` names, in upper or lower case.

    Raises ValueError with the statuses to choose from.
    """
    try:
        # Not for other characters: upper() also turns U+017F, the long s, into S.
        return Status(text.strip().upper() if text.isascii() else text)
    except ValueError:
        raise ValueError(f"{text!r} is not a status. The statuses are {', '.join(Status)}.") from None


def allowed_transitions(status: Status) -> tuple[Status, ...]:
    """The statuses that a caller may move an order of this `status` to."""
    return TRANSITIONS[status]


def sources(to: Status) -> tuple[Status, ...]:
    """The statuses from which a caller may move an order to `to`; none for PENDING and EXPIRED."""
    return tuple(status for status, targets in TRANSITIONS.items() if to in targets)


def is_terminal(status: Status) -> bool:
    """Whether nothing, the sweep included, moves an order on from `status`."""
    return status is not Status.PENDING and not TRANSITIONS[status]


def cutoff(*, at: datetime, age: timedelta) -> datetime:
    """The sweep at `at` expires the PENDING orders created before this instant."""
    return at - age


def expires_at(status: Status, created_at: datetime, *, age: timedelta) -> datetime | None:
    """The instant after which the sweep expires the order; None for an order that is no longer PENDING."""
    return created_at + age if status is Status.PENDING else None

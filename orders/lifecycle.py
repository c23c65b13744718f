"""The statuses of an order, the transitions between them, and when a PENDING order expires.

Uses only the standard library and never reads the clock: callers pass `at=`.
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

# The transitions that a caller may request. EXPIRED is not a target, because only the sweep sets it.
TRANSITIONS: Mapping[Status, tuple[Status, ...]] = {
    Status.PENDING: (Status.PROCESSING, Status.CANCELLED),
    Status.PROCESSING: (Status.COMPLETED, Status.CANCELLED),
    Status.COMPLETED: (),
    Status.CANCELLED: (),
    Status.EXPIRED: (),
}


def parse_status(text: str) -> Status:
    """The status with this name, in upper or lower case. Raises ValueError with the valid statuses."""
    try:
        # Only for ASCII: upper() also converts other characters to ASCII, such as U+017F, the long s, to S.
        return Status(text.strip().upper() if text.isascii() else text)
    except ValueError:
        raise ValueError(f"{text!r} is not a status. The statuses are {', '.join(Status)}.") from None


def allowed_transitions(status: Status) -> tuple[Status, ...]:
    """The statuses to which a caller may move an order that has this `status`."""
    return TRANSITIONS[status]


def sources(to: Status) -> tuple[Status, ...]:
    """The statuses from which a caller may move an order to `to`; none for PENDING and EXPIRED."""
    return tuple(status for status, targets in TRANSITIONS.items() if to in targets)


def is_terminal(status: Status) -> bool:
    """Whether neither a caller nor the sweep can change this status."""
    return status is not Status.PENDING and not TRANSITIONS[status]


def cutoff(*, at: datetime, age: timedelta) -> datetime:
    """The sweep that runs at `at` expires the PENDING orders created before this instant."""
    return at - age


def expires_at(status: Status, created_at: datetime, *, age: timedelta) -> datetime | None:
    """The instant after which the sweep expires the order; None if it is not PENDING."""
    return created_at + age if status is Status.PENDING else None

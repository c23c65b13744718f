"""Instants as the table stores them: UTC, microseconds, fixed width, so that text order is time order.

Also parses the instants that callers send (RFC 3339).
"""

import re
from datetime import UTC, datetime


def write_instant(instant: datetime) -> str:
    """`2026-11-22T10:15:30.123456Z`.

    Raises ValueError for a naive datetime: taking it as UTC, or as local time, would be a guess.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_instant(text: str) -> datetime:
    """The aware UTC datetime of a stored text; a text without a zone, as the former system wrote, is UTC."""
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
"""RFC 3339, section 5.6, with the space that its note permits. The seconds may be missing. A missing time or time zone
also matches, so that it gets its own error."""


class MissingZoneError(ValueError):
    """The instant has no time zone, and none is assumed."""


def parse_instant(text: str) -> datetime:
    """The aware UTC datetime that `text` represents. Digits after the microseconds are dropped.

    Raises MissingZoneError if the time zone, or the whole time, is missing. Raises ValueError for any other text that
    is not an instant, and for an instant outside the years 1 to 9999 in UTC.
    """
    match = RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an instant")
    if match["zone"] is None:
        raise MissingZoneError(f"{text!r} has no time zone")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is outside the years 1 to 9999") from None

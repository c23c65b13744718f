"""Instants as the table stores them: UTC, microseconds, fixed width, so that text order is time order.

And as a caller may write them: RFC 3339.
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


GIVEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
"""RFC 3339, section 5.6, with the space that its note permits. The seconds may be left out; a missing time or time zone
is matched in order to be told from other texts."""


class MissingZoneError(ValueError):
    """The instant has no time zone; to choose one would be a guess."""


def parse_instant(text: str) -> datetime:
    """The aware UTC datetime of what a caller wrote. Digits after the microseconds are cut off.

    Raises MissingZoneError where the time zone, or the whole time, is missing. Raises ValueError for anything else that
    is not an instant, and for one outside of the years 1 to 9999 in UTC.
    """
    match = GIVEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an instant")
    if match["zone"] is None:
        raise MissingZoneError(f"{text!r} has no time zone")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999") from None

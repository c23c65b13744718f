"""Instants as the table stores them: UTC, microseconds, fixed width, so that text order is time order."""

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

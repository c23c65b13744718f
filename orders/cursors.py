"""Cursors: signed positions in a list of orders. A cursor is valid only for the filters of its list."""

from enum import StrEnum
from typing import NamedTuple

from django.core import signing

from orders.errors import InvalidCursorError
from orders.models import HIGHEST_KEY


class Direction(StrEnum):
    OLDER = "o"
    NEWER = "n"


class Position(NamedTuple):
    """Where a page starts and in which direction it goes: after `key`, or at `key` if `inclusive`."""

    direction: Direction
    key: str
    inclusive: bool = False


START = Position(Direction.OLDER, HIGHEST_KEY, inclusive=True)


def write_cursor(position: Position, filters: str) -> str:
    """The cursor for this position in the list with these filters (`Filters.canonical`)."""
    return _signer(filters).sign_object(position)


def read_cursor(cursor: str, filters: str) -> Position:
    """The position in the cursor. Raises InvalidCursorError if it was altered or belongs to other filters."""
    try:
        direction, key, inclusive = _signer(filters).unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise InvalidCursorError from None
    return Position(Direction(direction), key, inclusive)


def _signer(filters: str) -> signing.Signer:
    # The filters are part of the signing key, so they need not be part of the cursor.
    return signing.Signer(salt=f"orders.listing.cursor|{filters}")

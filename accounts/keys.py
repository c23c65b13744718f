"""From a key to the caller it stands for, without asking the database on every request.

What the database says of a prefix is kept in this process for `KEPT_FOR`, so a key that is revoked, changed or deleted
is so everywhere within a minute. The secret half is never kept: each request's is hashed, and compared in constant
time, so a wrong one costs no query either.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from accounts.callers import ApiKeyCaller
from accounts.models import ApiKey

KEPT_FOR = timedelta(seconds=45)
KEPT_AT_MOST = 1024

SHAPE = re.compile(r"[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}")
PREFIX_LENGTH = 8


class KeyRefusedError(Exception):
    """Nobody is let in with this key. Raised as one of the three below, each with a stable `code`."""

    code: str


class KeyInvalidError(KeyRefusedError):
    """No key is like this: malformed, unknown, or the secret half is wrong. It says no more than that."""

    code = "invalid_api_key"


class KeyRevokedError(KeyRefusedError):
    """The right key, but an administrator has revoked it."""

    code = "api_key_revoked"


class KeyExpiredError(KeyRefusedError):
    """The right key, but past its expiry date."""

    code = "api_key_expired"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database said of one prefix, and how long that is believed. Both halves are None for an unknown one."""

    row: ApiKey | None
    caller: ApiKeyCaller | None
    read_at: datetime
    stale_at: datetime


# Oldest first, because a prefix that is read again moves to the end.
_readings: dict[str, Reading] = {}
_writing = Lock()


def _proceed() -> None:
    pass


def caller_for(key: str, *, at: datetime, before_unknown: Callable[[], None] = _proceed) -> ApiKeyCaller:
    """The caller that `key` stands for at the aware instant `at`. Asks the database at most once in `KEPT_FOR`.

    Calls `before_unknown` before it queries the database for a key that it has not accepted before; an exception of it
    is passed on.
    Raises KeyInvalidError; or, only when the secret half is right, KeyRevokedError or KeyExpiredError.
    """
    reading = _reading_of(key, at, before_unknown) if SHAPE.fullmatch(key) else None
    if reading is None or reading.row is None or reading.caller is None or not reading.row.is_valid(key):
        raise KeyInvalidError("This API key is not known here. Check that it was copied whole, or ask for a new one.")
    row = reading.row
    if row.revoked:
        raise KeyRevokedError("This API key has been revoked. Ask an administrator for a new one.")
    if row.expiry_date is not None and row.expiry_date <= at:
        raise KeyExpiredError(f"This API key expired at {row.expiry_date:%Y-%m-%dT%H:%M:%SZ}. Ask for a new one.")
    return reading.caller


def _reading_of(key: str, at: datetime, before_unknown: Callable[[], None]) -> Reading:
    prefix = key[:PREFIX_LENGTH]
    reading = _readings.get(prefix)
    # The lower bound is for a clock that is set back: without it a reading could be believed for as long as that.
    if reading is None or not reading.read_at <= at < reading.stale_at:
        if reading is None or reading.row is None or not reading.row.is_valid(key):
            before_unknown()
        reading = _read(prefix, at)
        _keep(prefix, reading)
    return reading


def _read(prefix: str, at: datetime) -> Reading:
    row = ApiKey.objects.filter(prefix=prefix).first()
    caller = ApiKeyCaller(prefix=row.prefix, name=row.name, access=row.access) if row else None
    return Reading(row=row, caller=caller, read_at=at, stale_at=at + KEPT_FOR)


def _keep(prefix: str, reading: Reading) -> None:
    """Unknown prefixes are kept too, so a client with a deleted key costs little; a flood of them only pushes out."""
    with _writing:
        _readings.pop(prefix, None)
        while len(_readings) >= KEPT_AT_MOST:
            del _readings[next(iter(_readings))]
        _readings[prefix] = reading

"""Finds the caller for an API key, without a database query on every request.

Each process caches the row of a prefix for `CACHED_FOR`, so a key that is revoked, changed or deleted is refused
everywhere within a minute. The secret is never cached: the key of each request is hashed and compared in constant
time, so a wrong secret causes no query either.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from cachetools import LRUCache

from accounts.callers import ApiKeyCaller
from accounts.models import PREFIX_LENGTH, SECRET_LENGTH, ApiKey

CACHED_FOR = timedelta(seconds=45)
MAX_CACHED = 1024

KEY = re.compile(rf"[A-Za-z0-9]{{{PREFIX_LENGTH}}}\.[A-Za-z0-9]{{{SECRET_LENGTH}}}")


class KeyRefusedError(Exception):
    """The key is not accepted. Raised as one of the three below, each with a stable `code`."""

    code: str


class KeyInvalidError(KeyRefusedError):
    """The key is malformed or unknown, or its secret is wrong. The error does not say which."""

    code = "invalid_api_key"


class KeyRevokedError(KeyRefusedError):
    """The key is correct, but an administrator has revoked it."""

    code = "api_key_revoked"


class KeyExpiredError(KeyRefusedError):
    """The key is correct, but its expiry date has passed."""

    code = "api_key_expired"


@dataclass(frozen=True, slots=True)
class CachedKey:
    """The row of a prefix, read at `read_at`, and its caller. Both are None if the database has no such prefix."""

    row: ApiKey | None
    caller: ApiKeyCaller | None
    read_at: datetime

    def is_fresh(self, at: datetime) -> bool:
        # The lower bound is for a clock that is set back, which would otherwise keep the entry fresh for longer.
        return self.read_at <= at < self.read_at + CACHED_FOR

    def matches(self, key: str) -> bool:
        return self.row is not None and self.row.matches(key)


# No TTLCache: its age check uses the process's clock and not `at`, and a monotonic clock may stop in a frozen Lambda.
_cache: LRUCache[str, CachedKey] = LRUCache(MAX_CACHED)
_cache_lock = Lock()


def _proceed() -> None:
    pass


def caller_for(key: str, *, at: datetime, before_unknown: Callable[[], None] = _proceed) -> ApiKeyCaller:
    """The caller that `key` authenticates at the aware instant `at`. Makes at most one query per `CACHED_FOR`.

    Calls `before_unknown` before it queries the database for a key that it has not accepted before; an exception that
    it raises is passed on.
    Raises KeyInvalidError; or, only if the secret is right, KeyRevokedError or KeyExpiredError.
    """
    found = _find(key, at, before_unknown) if KEY.fullmatch(key) else None
    if found is None or found.row is None or found.caller is None or not found.matches(key):
        raise KeyInvalidError("This API key is not valid. Check that the whole key was copied, or request a new one.")
    if found.row.revoked:
        raise KeyRevokedError("This API key has been revoked. Ask an administrator for a new one.")
    expiry = found.row.expiry_date
    if expiry is not None and expiry <= at:
        raise KeyExpiredError(f"This API key expired at {expiry:%Y-%m-%dT%H:%M:%SZ}. Request a new one.")
    return found.caller


def _find(key: str, at: datetime, before_unknown: Callable[[], None]) -> CachedKey:
    prefix = key[:PREFIX_LENGTH]
    with _cache_lock:
        cached = _cache.get(prefix)
    if cached is not None and cached.is_fresh(at):
        return cached
    if cached is None or not cached.matches(key):
        before_unknown()
    found = _read(prefix, at)
    _remember(prefix, found)
    return found


def _read(prefix: str, at: datetime) -> CachedKey:
    row = ApiKey.objects.filter(prefix=prefix).first()
    caller = ApiKeyCaller(prefix=row.prefix, name=row.name, access=row.access) if row else None
    return CachedKey(row=row, caller=caller, read_at=at)


def _remember(prefix: str, found: CachedKey) -> None:
    """Cache unknown prefixes too, so that a client with a deleted key causes few queries."""
    with _cache_lock:
        _cache[prefix] = found

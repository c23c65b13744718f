"""Limits how often one caller may ask, and how often one address may fail to say who it is.

Each limit is a bucket that holds as many requests as its rate allows and refills evenly: 1200/min lets 1,200 requests
through at once and then 20 a second (the generic cell rate algorithm). All that is stored of an identity is the moment
when its bucket is full again, in a cache of its own, so that neither pushes out what pages have counted. The default
cache is the process's, so each process counts for itself.

An identity is `key:<prefix>`, `user:<id>` or `ip:<address>`, which no header can choose.
"""

import time
from threading import Lock

from django.conf import settings
from django.core.cache import caches
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import client_address
from accounts.callers import ApiKeyCaller

CACHE = "throttle"
SECOND = 1_000_000_000

Rate = tuple[int, int]
"""So many requests in so many seconds."""

_counting = Lock()


def seconds_to_wait(identity: str, rate: Rate, *, count: bool = True, at: int | None = None) -> float:
    """How long `identity` must wait before its next request, 0 if it need not: then the request is counted.

    A request that must wait is not counted, so whoever goes on asking is let in again at the rate. With `count=False`
    none is. `at` is in nanoseconds since the epoch.
    """
    requests, seconds = rate
    now = time.time_ns() if at is None else at
    capacity = seconds * SECOND
    with _counting:
        full_at = caches[CACHE].get(identity, now)
        # No bucket is emptier than empty: a later moment is from before the clock was set back.
        full_after = (full_at if now < full_at <= now + capacity else now) + capacity // requests
        if full_after > now + capacity:
            return (full_after - now - capacity) / SECOND
        if count:
            caches[CACHE].set(identity, full_after, seconds)
    return 0


def identity_of(request: Request) -> str:
    """Whose requests this one counts among."""
    if isinstance(request.user, ApiKeyCaller):
        return f"key:{request.user.prefix}"
    if request.user and request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return address_identity(request)


def address_identity(request: client_address.Request) -> str:
    return f"ip:{client_address.limited_address(request) or 'unknown'}"


class CallerThrottle(BaseThrottle):
    """Counts each request that was not refused before, by `settings.ORDERS_API_RATE`."""

    def allow_request(self, request: Request, view: object) -> bool:  # noqa: ARG002 (REST framework's signature)
        self._seconds = seconds_to_wait(identity_of(request), settings.ORDERS_API_RATE)
        return not self._seconds

    def wait(self) -> float:
        return self._seconds


def count_refusal(request: Request) -> None:
    """Count a request that will be refused: REST framework asks its throttles only after the permissions.

    Raises Throttled instead of the refusal when the caller has used up the limit.
    """
    _throttle(seconds_to_wait(identity_of(request), settings.ORDERS_API_RATE))


class Failures:
    """The attempts of one address to say who it is that failed, by `settings.ORDERS_AUTH_FAILURE_RATE`.

    Keys, sessions and logins are limited apart: the wrong keys of a shop do not stop the people behind the same address
    from signing in, nor the other way round.
    """

    def __init__(self, request: client_address.Request, kind: str) -> None:
        self._identity = f"failed-{kind}:{address_identity(request)}"

    def seconds_to_wait(self, *, count: bool = False) -> float:
        return seconds_to_wait(self._identity, settings.ORDERS_AUTH_FAILURE_RATE, count=count)

    def require_few(self) -> None:
        """Raises Throttled when the limit is used up; for before the database is asked."""
        _throttle(self.seconds_to_wait())

    def add(self) -> None:
        """Count one. Raises Throttled when the limit is used up."""
        _throttle(self.seconds_to_wait(count=True))


def _throttle(seconds: float) -> None:
    if seconds:
        raise Throttled(seconds)

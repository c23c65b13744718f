"""Limits the requests of each caller, and the failed authentication attempts of each address.

Each limit is a bucket that holds as many requests as its rate allows and refills evenly: 1200/min lets 1,200 requests
through at once and then 20 a second (the generic cell rate algorithm). The only value stored for an identity is the
time at which its bucket is full again. It is in a separate cache, so that callers do not evict the dashboard's counts.
The cache is in the process's memory, so each process counts separately.

An identity is `key:<prefix>`, `user:<id>` or `ip:<address>`. A client cannot choose it by a header.
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
"""The number of requests, and of seconds in which they are allowed."""

_counting = Lock()


def seconds_to_wait(identity: str, rate: Rate, *, count: bool = True, at: int | None = None) -> float:
    """How long `identity` must wait before its next request. If that is 0, this request is counted.

    A request that must wait is not counted, so a caller that keeps asking is accepted again at the rate. With
    `count=False` nothing is counted. `at` is in nanoseconds since the epoch.
    """
    requests, seconds = rate
    now = time.time_ns() if at is None else at
    capacity = seconds * SECOND
    with _counting:
        full_at = caches[CACHE].get(identity, now)
        # A time later than that of an empty bucket was stored before the clock was set back.
        full_after = (full_at if now < full_at <= now + capacity else now) + capacity // requests
        if full_after > now + capacity:
            return (full_after - now - capacity) / SECOND
        if count:
            caches[CACHE].set(identity, full_after, seconds)
    return 0


def identity_of(request: Request) -> str:
    """The identity that this request counts for."""
    if isinstance(request.user, ApiKeyCaller):
        return f"key:{request.user.prefix}"
    if request.user and request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return address_identity(request)


def address_identity(request: client_address.Request) -> str:
    return f"ip:{client_address.limited_address(request) or 'unknown'}"


class CallerThrottle(BaseThrottle):
    """Limits the requests that permissions have accepted, by `settings.ORDERS_API_RATE`."""

    def allow_request(self, request: Request, view: object) -> bool:
        self._seconds = seconds_to_wait(identity_of(request), settings.ORDERS_API_RATE)
        return not self._seconds

    def wait(self) -> float:
        return self._seconds


def count_refusal(request: Request) -> None:
    """Count a request that will be refused, because REST framework runs its throttles only after the permissions.

    Raises Throttled instead of the refusal when the caller has used up the limit.
    """
    _throttle(seconds_to_wait(identity_of(request), settings.ORDERS_API_RATE))


class Failures:
    """The failed authentication attempts of one address, limited by `settings.ORDERS_AUTH_FAILURE_RATE`.

    Keys, sessions and logins have separate limits, so that a shop's wrong keys do not stop people behind the same
    address from signing in, or the other way round.
    """

    def __init__(self, request: client_address.Request, kind: str) -> None:
        self._identity = f"failed-{kind}:{address_identity(request)}"

    def seconds_to_wait(self, *, count: bool = False) -> float:
        return seconds_to_wait(self._identity, settings.ORDERS_AUTH_FAILURE_RATE, count=count)

    def require_few(self) -> None:
        """Raises Throttled if the limit is used up. Call it before the database query."""
        _throttle(self.seconds_to_wait())

    def add(self) -> None:
        """Count one failure. Raises Throttled if the limit is used up."""
        _throttle(self.seconds_to_wait(count=True))


def _throttle(seconds: float) -> None:
    if seconds:
        raise Throttled(seconds)

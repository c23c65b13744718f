"""When a failed attempt is repeated, and after which delay. The same rules as botocore's standard mode.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
from http import HTTPStatus
from threading import Lock

from orders.dynamodb.errors import THROTTLING_CODES

RETRIED_STATUSES = frozenset({500, 502, 503, 504})
RETRIED_CODES = frozenset({"ReplicatedWriteConflictException", "RequestTimeout", "RequestTimeoutException"})

MAX_BACKOFF = 20.0
BACKOFF, THROTTLING_BACKOFF = 0.025, 1.0
"""Seconds. The upper limit of the first delay; it doubles with each attempt."""

QUOTA = 500
COST, THROTTLING_COST = 14, 5
REFUND = 1


def is_throttling(code: str | None, status: int | None) -> bool:
    return code in THROTTLING_CODES or status == HTTPStatus.TOO_MANY_REQUESTS


def is_retried(code: str | None, status: int | None) -> bool:
    """Whether a reply with this error code and status may be different next time."""
    return is_throttling(code, status) or code in RETRIED_CODES or status in RETRIED_STATUSES


def delay(attempt: int, *, throttling: bool) -> float:
    """Seconds before the next attempt: random, up to a limit that doubles, so that many callers spread out."""
    limit: float = min((THROTTLING_BACKOFF if throttling else BACKOFF) * 2 ** (attempt - 1), MAX_BACKOFF)
    return random.uniform(0, limit)  # noqa: S311


class RetryQuota:
    """Limits the retries of all threads of a process, so that an outage is not prolonged by them.

    Retries are paid from the quota. A call that succeeds returns what its last retry cost, or a little without one.
    """

    def __init__(self) -> None:
        self._left = QUOTA
        self._lock = Lock()

    def take(self, cost: int) -> bool:
        """Whether the quota covers this cost, which is then subtracted."""
        with self._lock:
            if cost > self._left:
                return False
            self._left -= cost
            return True

    def give_back(self, cost: int) -> None:
        # Almost always full, and then no lock is needed.
        if self._left < QUOTA:
            with self._lock:
                self._left = min(QUOTA, self._left + cost)

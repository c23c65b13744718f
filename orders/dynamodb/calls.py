"""Records what a block of code requests from DynamoDB: its calls, their capacity units and retries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple


class Call(NamedTuple):
    """`units` are the consumed capacity units; 0 for a call that failed."""

    operation: str
    seconds: float
    units: float


class Calls(list[Call]):
    """The calls of a block, those of its threads too."""

    def __init__(self) -> None:
        super().__init__()
        # A list, because threads append to it without a lock.
        self._retries: list[None] = []

    def add_retry(self) -> None:
        self._retries.append(None)

    @property
    def retries(self) -> int:
        """The attempts after the first of each call, of those that failed too."""
        return len(self._retries)

    @property
    def units(self) -> float:
        return sum(call.units for call in self)

    @property
    def server_timing(self) -> str:
        """The value of the header: the milliseconds of all calls, their number, capacity units and retries.

        https://www.w3.org/TR/server-timing/
        """
        milliseconds = sum(call.seconds for call in self) * 1000
        return f'store;dur={milliseconds:.1f};desc="calls {len(self)}, units {self.units:g}, retries {self.retries}"'


_calls: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def recorded_calls() -> Iterator[Calls]:
    """Record the calls in the block."""
    calls = Calls()
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


def record(operation: str, seconds: float, reply: dict[str, Any] | None) -> None:
    """Add a call. `reply` is None for a call that failed."""
    calls = _calls.get()
    if calls is not None:
        consumed = (reply or {}).get("ConsumedCapacity") or {}
        parts = consumed if isinstance(consumed, list) else [consumed]
        calls.append(Call(operation, seconds, sum(part.get("CapacityUnits", 0.0) for part in parts)))


def record_retry() -> None:
    calls = _calls.get()
    if calls is not None:
        calls.add_retry()

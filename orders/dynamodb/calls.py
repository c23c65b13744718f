"""Records the calls that a request makes to DynamoDB, for its Server-Timing header."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple


class Call(NamedTuple):
    """`units` are the consumed capacity units; 0 for a refused call. `retries` are the attempts after the first."""

    operation: str
    seconds: float
    units: float
    retries: int


class Calls(list[Call]):
    """The calls of a block, those of its threads too."""

    @property
    def server_timing(self) -> str:
        """The value of the header: the milliseconds of all calls, their number, capacity units and retries.

        https://www.w3.org/TR/server-timing/
        """
        milliseconds = sum(call.seconds for call in self) * 1000
        units, retries = sum(call.units for call in self), sum(call.retries for call in self)
        return f'store;dur={milliseconds:.1f};desc="calls {len(self)}, units {units:g}, retries {retries}"'


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
        units = sum(part.get("CapacityUnits", 0.0) for part in parts)
        retries = (reply or {}).get("ResponseMetadata", {}).get("RetryAttempts", 0)
        calls.append(Call(operation, seconds, units, retries))

"""Counts DynamoDB calls and the capacity that they consume, with botocore's events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "BatchExecuteStatement"})


@dataclass
class Meter:
    """`rcu` or `wcu` is None if the engine reports no capacity for a call, as with PartiQL."""

    calls: int = 0
    rcu: float | None = 0.0
    wcu: float | None = 0.0

    def record(self, parsed: dict[str, Any], model: Any, **_: object) -> None:
        """Counts each call once, however often botocore retries it."""
        units = _units(parsed)
        self.calls += 1
        if model.name in WRITES:
            self.wcu = _sum(self.wcu, units)
        else:
            self.rcu = _sum(self.rcu, units)


def _units(parsed: dict[str, Any]) -> float | None:
    consumed = parsed.get("ConsumedCapacity")
    if not consumed:
        return None
    parts = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(part["CapacityUnits"] for part in parts))


def _sum(total: float | None, units: float | None) -> float | None:
    return None if total is None or units is None else total + units


def each(total: float | None, number: int) -> float | None:
    """`total / number`, or None if `total` is None or `number` is 0."""
    return total / number if total is not None and number else None


@contextmanager
def metered(client: Any) -> Iterator[Meter]:
    """Meter this client's calls and make them request the consumed capacity."""
    meter = Meter()
    events = client.meta.events
    events.register("before-parameter-build.dynamodb", _request_capacity)
    events.register("after-call.dynamodb", meter.record)
    try:
        yield meter
    finally:
        events.unregister("after-call.dynamodb", meter.record)
        events.unregister("before-parameter-build.dynamodb", _request_capacity)


def _request_capacity(params: dict[str, Any], **_: object) -> None:
    # Changed in place and at this event, because boto3 has already copied the caller's parameters.
    params.setdefault("ReturnConsumedCapacity", "TOTAL")

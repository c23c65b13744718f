"""What DynamoDB was asked, and the capacity that it says it took. Listens by botocore's own events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "BatchExecuteStatement"})


@dataclass
class Meter:
    """`rcu` or `wcu` is None once the engine has named no capacity for a call, as it never does for PartiQL."""

    calls: int = 0
    rcu: float | None = 0.0
    wcu: float | None = 0.0

    def note(self, parsed: dict[str, Any], model: Any, **_: object) -> None:
        """Each call counts once, however often botocore tries it."""
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
    """The share of each of `number`, where there is anything to share out."""
    return total / number if total is not None and number else None


@contextmanager
def metered(client: Any) -> Iterator[Meter]:
    """The traffic of this client meanwhile. It is asked to report capacity, which handlers of boto3 do not do."""
    meter = Meter()
    events = client.meta.events
    events.register("before-parameter-build.dynamodb", _ask)
    events.register("after-call.dynamodb", meter.note)
    try:
        yield meter
    finally:
        events.unregister("after-call.dynamodb", meter.note)
        events.unregister("before-parameter-build.dynamodb", _ask)


def _ask(params: dict[str, Any], **_: object) -> None:
    # In place and at this event, because by now boto3 has copied what its caller gave.
    params.setdefault("ReturnConsumedCapacity", "TOTAL")

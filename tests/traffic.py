"""Records the calls to DynamoDB and the capacity that the engine reports for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orders.dynamodb import connection


class Traffic(list[tuple[str, float]]):
    """Pairs of operation and consumed capacity units, in the order of the calls."""

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self]

    @property
    def units(self) -> float:
        return sum(units for _, units in self)


@contextmanager
def recorded() -> Iterator[Traffic]:
    """Records each call once, however often botocore retries it."""
    traffic = Traffic()

    def record(parsed: dict[str, Any], model: Any, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", {})
        parts = consumed if isinstance(consumed, list) else [consumed]
        traffic.append((model.name, sum(part.get("CapacityUnits", 0.0) for part in parts)))

    events = connection().connection.client.meta.events
    events.register("after-call.dynamodb", record)
    try:
        yield traffic
    finally:
        events.unregister("after-call.dynamodb", record)

"""The faults between the app and the engine, as rules of microburst. `soak.proxy` adds those that it does not have.

https://github.com/pingedbrain/microburst#rules
"""

from typing import Any

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchExecuteStatement")

LOST_REPLIES = 0.05
"""Share of the writes that take effect and whose reply is lost."""

# The share of all calls, and what happens to them. Each changed body has a checksum that does not match it.
SHARES: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.20, {"error": {"code": "ProvisionedThroughputExceededException"}}),
    (0.10, {"error": {"code": "ThrottlingException"}}),
    (0.10, {"error": {"code": "InternalServerError", "status": 500}}),
    (0.10, {"latency": {"min": 10, "max": 300}}),
    (0.01, {"response": {"corrupt_bytes": 16}}),
    (0.01, {"response": {"truncate_frac": 0.5}}),
    (0.01, {"response": {"abort_frac": 0.5}}),
    (0.01, {"response": {"set_headers": {"x-amz-crc32": "1"}}}),
    (0.003, {"timeout_ms": 5000}),
)


def rules() -> list[dict[str, Any]]:
    """The rules. microburst applies the first one that matches, so each share is of the calls that are left."""
    lost = [_rule(LOST_REPLIES, {"response": {"abort_frac": 0}}, operation=name) for name in WRITES]
    left, others = 1.0, []
    for share, effect in SHARES:
        others.append(_rule(share / left, effect))
        left -= share
    return [*lost, *others]


def _rule(probability: float, effect: dict[str, Any], **match: str) -> dict[str, Any]:
    return {"service": "dynamodb", "probability": probability, **match, **effect}

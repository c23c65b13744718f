"""How long a run takes, and what its clients do."""

from dataclasses import dataclass

CLIENTS = 9
"""Programs with an API key each. With two members of staff and a sweeper, 12 clients act at the same time."""
STAFF = 2

SWEEP_AGE_HOURS = 0.002
"""The sweep of the soak expires orders after 7 seconds, so that sweeps and clients compete for the same orders."""


LEAN, BOTOCORE = "lean", "botocore"
"""The values of ORDERS_DYNAMODB_CLIENT."""

KILL_EVERY = 250
"""A process is killed after about this many operations."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run. It ends after `operations`, or after `seconds` if that is earlier and there were `at_least` operations.

    Each client waits for `pause` seconds before an operation.
    """

    operations: int
    shards: int
    seed: int
    seconds: float | None = None
    kill_every: int = KILL_EVERY
    client: str = LEAN
    at_least: int = 0
    pause: float = 0.0

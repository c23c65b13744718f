"""Compares the expiry runs of both apps, with the same due orders in each round."""

import gc
import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from statistics import median

from django.core.management import call_command

from benchmarks import baseline
from benchmarks.cpu import Ratio, both, ratio_of
from benchmarks.environment import BASELINE_TABLE, TABLE
from benchmarks.meter import Meter, each, metered
from benchmarks.tables import count_left, put
from orders.dynamodb import connection
from orders.models import Order


@dataclass(frozen=True)
class Run:
    """One run of one app. Capacity units and `cpu_ms` are per expired order."""

    expired: int
    left: int
    calls: int
    rcu: float | None
    wcu: float | None
    cpu_ms: float | None


@dataclass(frozen=True)
class Expiry:
    """`ratio` is that of the CPU time per expired order; None if an app expired none."""

    due: int
    rounds: int
    ours: Run
    former: Run
    ratio: Ratio | None


def run(due: Sequence[Order], *, rounds: int, report: Callable[[str], object]) -> Expiry:
    """Run both once with a meter and then `rounds` times with a timer."""
    report(f"expiry runs: {rounds} rounds")
    former = baseline.table.meta.client
    with metered(connection().connection.client) as ours_meter, metered(former) as former_meter:
        _sweep()
        _former_expiry()
    ours_left, former_left = count_left(due, TABLE), count_left(due, BASELINE_TABLE)
    spent = [_round(due, ours_first=number % 2 == 0) for number in range(rounds)]
    runs = (
        _run(len(due), ours_left, ours_meter, [seconds for seconds, _ in spent]),
        _run(len(due), former_left, former_meter, [seconds for _, seconds in spent]),
    )
    expired, former_expired = (run.expired for run in runs)
    ratio = ratio_of([(a / expired, b / former_expired) for a, b in spent]) if expired and former_expired else None
    return Expiry(len(due), rounds, *runs, ratio)


def _round(due: Sequence[Order], *, ours_first: bool) -> tuple[float, float]:
    put(due)
    gc.collect()
    (_, ours), (_, former) = both(_sweep, _former_expiry, ours_first=ours_first)
    return ours, former


def _sweep() -> None:
    """Run the sweep like the schedule: without a terminal, so that no progress display uses CPU time."""
    with redirect_stderr(io.StringIO()):
        call_command("expire_orders", json=True, stdout=io.StringIO())


def _former_expiry() -> None:
    baseline.expiry_handler({}, None)


def _run(due: int, left: int, meter: Meter, seconds: Sequence[float]) -> Run:
    expired = due - left
    return Run(
        expired=expired,
        left=left,
        calls=meter.calls,
        rcu=each(meter.rcu, expired),
        wcu=each(meter.wcu, expired),
        cpu_ms=each(median(seconds) * 1000, expired),
    )

"""The rows of `make bench`: each a measured number with the limit that it must not exceed and the one to aim for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.cold_start import BARE, OURS, Starts
from benchmarks.cpu import Ratio
from benchmarks.endpoints import LIST, SINGLE, Timings
from benchmarks.gunicorn import Workers
from benchmarks.sizes import Size
from benchmarks.workers import PEERS

if TYPE_CHECKING:
    # It creates a client, whose engine must be known by then.
    from benchmarks.expiry import Expiry

RUN_SECONDS, TIMED_ORDERS = 60.0, 100_000
"""The local engine, not the sweep, limits the time with more orders."""


@dataclass(frozen=True)
class Row:
    """`must` and `aim` are upper limits in `unit`."""

    name: str
    measured: float
    must: float
    aim: float | None = None
    unit: str = "×"
    digits: int = 2
    spread: tuple[float, float] | None = None
    """The quartiles of a ratio."""

    @property
    def is_missed(self) -> bool:
        return self.measured > self.must

    @property
    def verdict(self) -> str:
        if self.is_missed:
            return "MISSED"
        return "aim reached" if self.aim is not None and self.measured <= self.aim else "reached"

    def shown(self, number: float) -> str:
        return f"{number:,.{self.digits}f}{self.unit}"

    @property
    def sentence(self) -> str:
        """What is wrong, for a missed row."""
        return f"{self.name}: {self.shown(self.measured)}, but it must be at most {self.shown(self.must)}."


LIMITS = {"GET": (1.0, 0.8), "POST": (1.25, 1.0), "PUT": (1.25, 1.05), "DELETE": (1.05, 0.9), LIST: (0.95, 0.8)}


def of_requests(timings: Timings) -> Iterator[Row]:
    for operation, (must, aim) in LIMITS.items():
        to = "bare Query" if operation == LIST else "bare"
        name = f"{operation} / bare Query of 25" if operation == LIST else f"{operation} / bare handler"
        yield _ratio(name, timings.ratio(operation, "ours", to), must, aim)


def of_peers(timings: Timings) -> Iterator[Row]:
    for peer in PEERS:
        for operation in (*SINGLE, LIST):
            aim = 0.5 if peer == "FastAPI" else None
            yield _ratio(f"{operation} / {peer}", timings.ratio(operation, "ours", peer), 1.0, aim)


def of_expiry(expiry: "Expiry") -> Iterator[Row]:
    if expiry.ratio:
        yield _ratio("sweep, CPU per order / scan and update", expiry.ratio, 0.09, 0.03)


def of_size(size: Size) -> Iterator[Row]:
    of, sweep = f"of {size.orders:,} orders", size.sweep
    for page in size.pages:
        yield Row(f"page {page.number:,} {of}, calls", page.calls, 1, unit="", digits=0)
        yield Row(f"page {page.number:,} {of}, RCU", page.rcu, 2.0, unit="", digits=1)
    name = f"sweep of {sweep.due:,} {of}"
    yield Row(f"{name}, RCU per order", sweep.rcu / max(sweep.expired, 1), 0.06, unit="", digits=3)
    yield Row(f"{name}, not expired", sweep.due - sweep.expired, 0, unit="", digits=0)
    if size.orders <= TIMED_ORDERS:
        yield Row(f"{name}, duration", sweep.seconds, RUN_SECONDS, unit=" s", digits=1)


def of_gunicorn(workers: Workers) -> Iterator[Row]:
    yield _ratio("gunicorn worker, GET / bare WSGI app", workers.get, 1.0, 0.8)
    yield _ratio("gunicorn worker, POST / bare WSGI app", workers.post, 1.3, 0.8)


def of_cold_starts(starts: list[Starts]) -> Iterator[Row]:
    by_name = {one.name: one for one in starts}
    yield Row("cold start with a GET / bare handler", by_name[OURS].cpu_ms / by_name[BARE].cpu_ms, 1.9, 1.5)
    yield Row("first request after the import", by_name[OURS].first_ms, 15.0, 5.0, unit=" ms", digits=1)


def _ratio(name: str, ratio: Ratio, must: float, aim: float | None) -> Row:
    return Row(name, ratio.median, must, aim, spread=(ratio.low, ratio.high))

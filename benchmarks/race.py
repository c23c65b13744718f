"""The same request to both sides in turn, many times: what each costs, and their ratio pair by pair."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import process_time
from typing import TypeVar

from benchmarks.meter import Meter, each, metered
from benchmarks.sides import Reply, Request, Side, served

WARM_UP = 10
BLOCK = 20

T = TypeVar("T")
Requests = Sequence[tuple[Request, Request]]
"""For each pair, what ours is asked and what the former side is."""


@dataclass(frozen=True)
class Cost:
    """What one request costs one side; `cpu_ms` is a median, the others are means."""

    calls: float
    rcu: float | None
    wcu: float | None
    kilobytes: float
    cpu_ms: float


@dataclass(frozen=True)
class Ratio:
    """Client CPU of ours over that of the former side: the median over all pairs, and their middle half."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    name: str
    pairs: int
    ours: Cost
    former: Cost
    ratio: Ratio


@dataclass
class Race:
    ours: Side
    former: Side
    watch: Callable[[str], object]
    comparisons: list[Comparison] = field(default_factory=list)

    def run(self, name: str, requests: Requests) -> list[tuple[Reply, Reply]]:
        """Add the comparison over these requests, the first WARM_UP of which are not timed; returns all the replies."""
        self.watch(name)
        # Listening costs CPU, so nobody listens while the clock runs.
        with metered(self.ours.client) as ours, metered(self.former.client) as former:
            replies = [(self.ours.ask(request), self.former.ask(twin)) for request, twin in requests[:WARM_UP]]
        timings = [self._pair(number, *pair) for number, pair in enumerate(requests[WARM_UP:])]
        replies += [(reply, twin_reply) for (reply, _), (twin_reply, _) in timings]
        spent = [(seconds, twin_seconds) for (_, seconds), (_, twin_seconds) in timings]
        our_replies, former_replies = zip(*replies, strict=True)
        our_seconds, former_seconds = zip(*spent, strict=True)
        costs = _cost(ours, our_replies, our_seconds), _cost(former, former_replies, former_seconds)
        self.comparisons.append(Comparison(name, len(spent), *costs, ratio_of(spent)))
        return replies

    def _pair(self, number: int, request: Request, twin: Request) -> tuple[tuple[Reply, float], tuple[Reply, float]]:
        """Both replies and what they took, the sides taking turns at going first."""
        call, twin_call = self.ours.prepare(request), self.former.prepare(twin)
        if number % BLOCK == 0:
            gc.collect()
        ours, former = both(call, twin_call, ours_first=number % 2 == 0)
        served(request, ours[0])
        served(twin, former[0])
        return ours, former


def both(
    ours: Callable[[], T], former: Callable[[], T], *, ours_first: bool
) -> tuple[tuple[T, float], tuple[T, float]]:
    """What each returns and the seconds of CPU of this process that it took; who goes first is to alternate."""
    if ours_first:
        first = timed(ours)
        return first, timed(former)
    second = timed(former)
    return timed(ours), second


def timed(call: Callable[[], T]) -> tuple[T, float]:
    # The engine is another process, so waiting for it costs nothing here. All threads of this process do count.
    start = process_time()
    result = call()
    return result, process_time() - start


def ratio_of(spent: Sequence[tuple[float, float]]) -> Ratio:
    """Pair by pair, so that a slow moment of the machine, which both of a pair share, cancels out."""
    ratios = [ours / former for ours, former in spent]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return Ratio(middle, low, high)


def _cost(meter: Meter, replies: Sequence[Reply], seconds: Sequence[float]) -> Cost:
    return Cost(
        calls=meter.calls / WARM_UP,
        rcu=each(meter.rcu, WARM_UP),
        wcu=each(meter.wcu, WARM_UP),
        kilobytes=sum(len(reply.body) for reply in replies) / len(replies) / 1000,
        cpu_ms=median(seconds) * 1000,
    )

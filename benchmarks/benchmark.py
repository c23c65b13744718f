"""Sends the same requests alternately to both apps and compares their costs."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import process_time
from typing import TypeVar

from benchmarks.clients import Client, Request, Response, checked
from benchmarks.meter import Meter, each, metered

WARM_UP = 10
BLOCK = 20

T = TypeVar("T")
Requests = Sequence[tuple[Request, Request]]
"""Pairs of the request to this app and the request to the former handlers."""


@dataclass(frozen=True)
class Cost:
    """The cost of one request; `cpu_ms` is a median, the others are means."""

    calls: float
    rcu: float | None
    wcu: float | None
    kilobytes: float
    cpu_ms: float


@dataclass(frozen=True)
class Ratio:
    """The app's CPU time divided by that of the former handlers: the median of all pairs and the quartiles."""

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
class Benchmark:
    ours: Client
    former: Client
    report: Callable[[str], object]
    """Called with the name of the next measurement."""
    comparisons: list[Comparison] = field(default_factory=list)

    def run(self, name: str, requests: Requests) -> list[tuple[Response, Response]]:
        """Compare both apps with these requests, of which the first WARM_UP are not timed. Returns all responses."""
        self.report(name)
        # Metering takes CPU time, so it is off while requests are timed.
        with metered(self.ours.dynamodb) as ours, metered(self.former.dynamodb) as former:
            responses = [(self.ours.send(request), self.former.send(twin)) for request, twin in requests[:WARM_UP]]
        timings = [self._pair(number, *pair) for number, pair in enumerate(requests[WARM_UP:])]
        responses += [(response, twin_response) for (response, _), (twin_response, _) in timings]
        spent = [(seconds, twin_seconds) for (_, seconds), (_, twin_seconds) in timings]
        our_responses, former_responses = zip(*responses, strict=True)
        our_seconds, former_seconds = zip(*spent, strict=True)
        costs = _cost(ours, our_responses, our_seconds), _cost(former, former_responses, former_seconds)
        self.comparisons.append(Comparison(name, len(spent), *costs, ratio_of(spent)))
        return responses

    def _pair(
        self, number: int, request: Request, twin: Request
    ) -> tuple[tuple[Response, float], tuple[Response, float]]:
        """Both responses with their seconds. The app that gets its request first alternates."""
        call, twin_call = self.ours.prepare(request), self.former.prepare(twin)
        if number % BLOCK == 0:
            gc.collect()
        ours, former = both(call, twin_call, ours_first=number % 2 == 0)
        checked(request, ours[0])
        checked(twin, former[0])
        return ours, former


def both(
    ours: Callable[[], T], former: Callable[[], T], *, ours_first: bool
) -> tuple[tuple[T, float], tuple[T, float]]:
    """The results, each with its CPU time in seconds."""
    if ours_first:
        first = timed(ours)
        return first, timed(former)
    second = timed(former)
    return timed(ours), second


def timed(call: Callable[[], T]) -> tuple[T, float]:
    # The CPU time of all threads of this process, but not of the engine, which is another process.
    start = process_time()
    result = call()
    return result, process_time() - start


def ratio_of(spent: Sequence[tuple[float, float]]) -> Ratio:
    """The ratio is computed per pair, because a slowdown of the machine affects both requests of a pair."""
    ratios = [ours / former for ours, former in spent]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return Ratio(middle, low, high)


def _cost(meter: Meter, responses: Sequence[Response], seconds: Sequence[float]) -> Cost:
    return Cost(
        calls=meter.calls / WARM_UP,
        rcu=each(meter.rcu, WARM_UP),
        wcu=each(meter.wcu, WARM_UP),
        kilobytes=sum(len(response.body) for response in responses) / len(responses) / 1000,
        cpu_ms=median(seconds) * 1000,
    )

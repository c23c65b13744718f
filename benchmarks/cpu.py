"""CPU times and their ratios."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import process_time
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Ratio:
    """One CPU time divided by another: the median of all pairs and the quartiles."""

    median: float
    low: float
    high: float


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
    """The ratio is computed per pair, because a slowdown of the machine affects both parts of a pair."""
    ratios = [ours / former for ours, former in spent]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return Ratio(middle, low, high)

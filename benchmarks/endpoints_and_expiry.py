"""Fills both tables and compares every endpoint and the expiry run."""

from collections.abc import Callable

from django.core.management import call_command
from django.utils import timezone

from benchmarks import endpoints, expiry, tables
from benchmarks.benchmark import Benchmark
from benchmarks.clients import former, ours
from benchmarks.report import Results

PAIRS_PER_LIST = 5
"""Lists get a fifth of the pairs, because a former list takes as long as a hundred single orders."""
EXPIRY_ROUNDS = 4


def measure(*, orders: int, pairs: int, report: Callable[[str], object]) -> Results:
    """Needs an empty engine and an empty database. Calls `report` with the name of the next measurement."""
    report(f"filling both tables with {orders:,} orders")
    call_command("migrate", verbosity=0)
    tables.make_tables()
    due = tables.fill(orders, at=timezone.now())
    benchmark = Benchmark(ours(), former(), report)
    endpoints.single_orders(benchmark, pairs)
    endpoints.anonymous_orders(benchmark, pairs)
    listed = endpoints.lists(benchmark, max(2, pairs // PAIRS_PER_LIST), orders=orders)
    return Results(orders, listed, benchmark.comparisons, expiry.run(benchmark, due, rounds=EXPIRY_ROUNDS))

"""One whole measurement: both tables filled, every endpoint and the expiry run measured."""

from collections.abc import Callable

from django.core.management import call_command
from django.utils import timezone

from benchmarks import contents, endpoints, expiry
from benchmarks.race import Race
from benchmarks.report import Results
from benchmarks.sides import former, ours

PAIRS_PER_LIST = 5
"""A former list costs as much as a hundred single orders, and its ratio needs fewer pairs to settle."""
EXPIRY_ROUNDS = 4


def measure(*, orders: int, pairs: int, watch: Callable[[str], object]) -> Results:
    """Needs an empty engine and an empty database; `watch` is told what is being measured."""
    watch(f"filling both tables with {orders:,} orders")
    call_command("migrate", verbosity=0)
    contents.make_tables()
    due = contents.fill(orders, at=timezone.now())
    race = Race(ours(), former(), watch)
    endpoints.single_orders(race, pairs)
    endpoints.anonymous_orders(race, pairs)
    listed = endpoints.lists(race, max(2, pairs // PAIRS_PER_LIST), orders=orders)
    return Results(orders, listed, race.comparisons, expiry.run(race, due, rounds=EXPIRY_ROUNDS))

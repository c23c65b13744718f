from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import takewhile
from random import Random
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.dynamodb import save_many
from orders.management.arguments import non_negative_integer, positive_integer, up_to
from orders.management.failures import dynamodb_failures
from orders.management.interrupts import interruption
from orders.management.progress import bar
from orders.models import Order
from orders.seeding import sample_orders

MAX_DAYS = 3_650


class Command(BaseCommand):
    help = "Add sample orders, dated within the last days, for trying out and measuring the app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=positive_integer, required=True, metavar="N", help="how many orders")
        parser.add_argument(
            "--days", type=up_to(MAX_DAYS), default=30.0, metavar="D", help="how many days they span (30)"
        )
        parser.add_argument(
            "--seed", type=non_negative_integer, metavar="S", help="a seed for reproducible orders (random)"
        )

    def handle(self, **options: Any) -> None:
        count = options["count"]
        random = Random(options["seed"])  # noqa: S311 (variety, no secrets)
        orders = sample_orders(count, days=options["days"], at=timezone.now(), random=random)
        with interruption() as interrupted:
            written = self._write(takewhile(lambda _: not interrupted(), orders), count)
            requested = f" of {count:,}" if written < count else ""
            self.stdout.write(f"Wrote {written:,}{requested} orders dated within the last {options['days']:g} days.")
        if written < count:
            interrupted.exit()

    def _write(self, orders: Iterator[Order], count: int) -> int:
        with dynamodb_failures():
            return sum(1 for _ in bar(save_many(orders), "Seeding", total=count))

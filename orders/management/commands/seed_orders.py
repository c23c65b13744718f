from argparse import ArgumentParser, ArgumentTypeError
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from orders.errors import StoreUnavailableError
from orders.seeding import plausible_orders, save


class Command(BaseCommand):
    help = "Write plausible orders, spread over the last days, to look at and to measure with. Adds to what is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=_whole, required=True, metavar="N", help="how many orders")
        parser.add_argument("--days", type=_positive, default=30.0, metavar="D", help="over how many days (30)")
        parser.add_argument("--seed", type=int, metavar="S", help="the same number makes the same orders (at random)")

    def handle(self, **options: Any) -> None:  # noqa: ANN401 (what argparse gives)
        count = options["count"]
        random = Random(options["seed"])  # noqa: S311 (variety, no secrets)
        orders = plausible_orders(count, days=options["days"], at=timezone.now(), random=random)
        console = Console(stderr=True)
        try:
            for _ in track(save(orders), "Seeding", total=count, console=console, disable=not console.is_terminal):
                pass
        except StoreUnavailableError as error:
            raise CommandError(f"DynamoDB does not answer: {error.reason}") from None
        self.stdout.write(f"Wrote {count:,} orders over the last {options['days']:g} days.")


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _positive(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 3650:  # noqa: PLR2004 (ten years)
        raise ArgumentTypeError(f"{text!r} is not a number of days above 0 and up to 3650")
    return days

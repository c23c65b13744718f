import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders import counts, lifecycle, stopwatch
from orders.batches import BATCH
from orders.counts import COUNT_CAP
from orders.expiry import CALLS, MAX_SILENT, Sweep, sweep
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.management.arguments import positive_integer, up_to
from orders.management.failures import dynamodb_failures
from orders.management.interrupts import interruption
from orders.management.progress import counter
from orders.stopwatch import TimeIsUp

MAX_HOURS = 87_600  # ten years
MAX_SECONDS = 86_400
MAX_COUNTED = 20_000
"""The progress bar shows up to this many orders. Counting them reads about 1,000 capacity units, in some seconds."""


class Command(BaseCommand):
    help = (
        "Expire PENDING orders that are too old, oldest first. Safe to run at any time, also concurrently: no order "
        "expires twice, and orders with another status are not changed. Exits with 1 if an order failed or DynamoDB is "
        f"unavailable; the run stops after {MAX_SILENT} calls in a row without a response. "
        f"On SIGINT or SIGTERM it finishes the current orders, at most {CALLS * BATCH}, prints the summary and exits "
        "with 130 or 143; a second signal ends it at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=up_to(MAX_HOURS),
            default=settings.ORDERS_EXPIRY_HOURS,
            metavar="HOURS",
            help=f"the age in hours at which an order expires ({settings.ORDERS_EXPIRY_HOURS})",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be done, without writing")
        parser.add_argument("--limit", type=positive_integer, metavar="N", help="expire at most N orders")
        parser.add_argument(
            "--max-seconds", type=up_to(MAX_SECONDS), metavar="S", help="stop before the next orders after S seconds"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one line of JSON")

    def handle(self, **options: Any) -> None:
        with interruption() as interrupted:
            with dynamodb_failures(". Orders that have expired stay expired. Run this again."):
                result = self._sweep(options, interrupted)
            self.stdout.write(_as_json(result) if options["json"] else _as_text(result))
        if result.unavailable:
            raise CommandError(
                f"The run stopped, because DynamoDB did not respond to {MAX_SILENT} calls in a row. {result.failed:,} "
                "orders could not be expired; the log names each. Run this again."
            )
        if result.failed:
            raise CommandError(f"{result.failed:,} orders could not be expired; the log names each. Run this again.")
        if result.stopped_early:
            interrupted.exit()

    def _sweep(self, options: dict[str, Any], interrupted: TimeIsUp) -> Sweep:
        seconds = options["max_seconds"]
        time_is_up = stopwatch.after(seconds) if seconds else stopwatch.never
        at, age, limit = timezone.now(), timedelta(hours=options["older_than"]), options["limit"]

        def due() -> int:
            cap = min(limit or MAX_COUNTED, MAX_COUNTED)
            return counts.count(Status.PENDING, before=lifecycle.cutoff(at=at, age=age), cap=cap)

        with counter("Orders examined", total=due) as show:
            return sweep(
                at=at,
                age=age,
                limit=limit,
                dry_run=options["dry_run"],
                time_is_up=lambda: interrupted() or time_is_up(),
                watch=lambda result: show(result.examined),
            )


def _as_json(result: Sweep) -> str:
    capped = result.remaining is not None and result.remaining >= COUNT_CAP
    return json.dumps({**asdict(result), "cutoff": write_instant(result.cutoff), "remaining_is_capped": capped})


def _as_text(result: Sweep) -> str:
    lines = {
        "cutoff": f"{write_instant(result.cutoff)} (PENDING orders created before it expire)",
        "examined": f"{result.examined:,}",
        "would expire" if result.dry_run else "expired": f"{result.due if result.dry_run else result.expired:,}",
        "moved on": f"{result.moved_on:,}",
        "would repair" if result.dry_run else "repaired": f"{result.repaired:,}",
        "unreadable": f"{result.unreadable:,}",
        "failed": f"{result.failed:,}",
        "remaining": _remaining(result.remaining),
    }
    text = "\n".join(f"{name + ':':<14}{value}" for name, value in lines.items())
    if result.dry_run:
        text = f"Dry run: nothing was written.\n{text}"
    return f"{text}\nStopped early; run it again to continue." if result.stopped_early else text


def _remaining(number: int | None) -> str:
    if number is None:
        return "unknown"
    return f"{number:,}" if number < COUNT_CAP else f"{COUNT_CAP - 1:,}+"

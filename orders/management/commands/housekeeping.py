import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure
from django.utils import timezone

from accounts.housekeeping import BATCH, LOGIN_RECORD_AGE, Housekeeping, delete_outdated
from orders import stopwatch
from orders.management.arguments import up_to
from orders.management.interrupts import interruption

MAX_SECONDS = 86_400


class Command(BaseCommand):
    help = (
        "Delete expired sessions, and records of logins and of failed logins that are older than "
        f"{LOGIN_RECORD_AGE.days} days, from the relational database. Safe to run at any time, also concurrently. "
        "On SIGINT or SIGTERM it finishes the current batch, prints the summary and exits with 130 or 143; a second "
        "signal ends it at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--max-seconds",
            type=up_to(MAX_SECONDS),
            metavar="S",
            help=f"stop before the next {BATCH} rows after S seconds",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one line of JSON")

    def handle(self, **options: Any) -> None:
        seconds = options["max_seconds"]
        time_is_up = stopwatch.after(seconds) if seconds else stopwatch.never
        with interruption() as interrupted:
            try:
                result = delete_outdated(at=timezone.now(), time_is_up=lambda: interrupted() or time_is_up())
            except DatabaseFailure as error:
                reason = str(error).strip().partition("\n")[0]
                raise CommandError(
                    f"The user database failed: {reason}. Run this again; if it fails again, check DATABASE_URL "
                    "and run `manage.py migrate`."
                ) from None
            self.stdout.write(json.dumps(asdict(result)) if options["json"] else _as_text(result))
        if result.stopped_early:
            interrupted.exit()


def _as_text(result: Housekeeping) -> str:
    lines = {
        "expired sessions": result.sessions,
        f"logins, {LOGIN_RECORD_AGE.days} days old": result.logins,
        f"failed logins, {LOGIN_RECORD_AGE.days} days old": result.login_failures,
    }
    text = "Deleted\n" + "\n".join(f"{name + ':':<28}{number:,}" for name, number in lines.items())
    return f"{text}\nStopped early; run it again to continue." if result.stopped_early else text

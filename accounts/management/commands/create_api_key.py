import re
from argparse import ArgumentParser
from datetime import datetime, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.key_names import checked_name
from accounts.models import Access, ApiKey

LIFETIME = re.compile(r"([1-9][0-9]{0,3})([dh])")


class Command(BaseCommand):
    help = (
        "Create an API key. Standard output contains only the key, and standard error describes it, "
        'so KEY="$(manage.py create_api_key --name shop)" stores the key in a variable.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="who will use the key; the history of an order shows it")
        parser.add_argument("--read-only", action="store_true", help="the key can list and read orders only")
        parser.add_argument("--expires", metavar="90d", help="days (90d) or hours (12h) from now; default: never")

    def handle(self, *, name: str, read_only: bool, expires: str | None, **_: object) -> None:
        """Store a key and print it. Raises CommandError, and stores nothing, for an invalid argument."""
        access = Access.READ_ONLY if read_only else Access.READ_WRITE
        try:
            name = checked_name(name)
        except ValueError as error:
            raise CommandError(f"--name: {error}") from None
        row, key = ApiKey.objects.create_key(
            name=name,
            access=access,
            expiry_date=expiry(expires, at=timezone.now()) if expires is not None else None,
        )
        ends = f"expires at {row.expiry_date:%Y-%m-%dT%H:%M:%SZ}" if row.expiry_date else "never expires"
        self.stdout.write(key)
        # `str`: plain text, where Django would print standard error in red.
        self.stderr.write(f'This is the {access} key "{row.name}"; it {ends}.', str)
        self.stderr.write("Copy it now: only a hash is stored, so it cannot be shown again.", str)


def expiry(lifetime: str, *, at: datetime) -> datetime:
    """`at` plus `lifetime`, such as 90d or 12h. Raises CommandError for anything else."""
    match = LIFETIME.fullmatch(lifetime)
    if match is None:
        raise CommandError(
            f"--expires {lifetime!r} is not a lifetime. Use a whole number from 1 to 9999 and d for days "
            "or h for hours, for example 90d or 12h."
        )
    number, unit = int(match[1]), match[2]
    return at + (timedelta(days=number) if unit == "d" else timedelta(hours=number))

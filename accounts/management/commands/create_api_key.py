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
        "Create an API key. The key alone goes to standard output, what there is to say about it to standard error, "
        'so KEY="$(manage.py create_api_key --name shop)" holds the key.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="who will use it; the history of an order shows this name")
        parser.add_argument("--read-only", action="store_true", help="may see orders and change nothing")
        parser.add_argument("--expires", metavar="90d", help="days (90d) or hours (12h) from now; default: never")

    def handle(self, *, name: str, read_only: bool, expires: str | None, **_: object) -> None:
        """Store one key and print it, once. Raises CommandError, and stores nothing, for an impossible argument."""
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
        self.stderr.write("Store it now: only a hash of it is kept, so it cannot be shown again.", str)


def expiry(lifetime: str, *, at: datetime) -> datetime:
    """The instant that lies `lifetime`, such as 90d or 12h, after `at`. Raises CommandError for anything else."""
    match = LIFETIME.fullmatch(lifetime)
    if match is None:
        raise CommandError(
            f"--expires {lifetime!r} is not a lifetime. Give a whole number from 1 to 9999 and d for days "
            "or h for hours, for example 90d or 12h."
        )
    number, unit = int(match[1]), match[2]
    return at + (timedelta(days=number) if unit == "d" else timedelta(hours=number))

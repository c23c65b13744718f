from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.errors import StoreMisconfiguredError, StoreUnavailableError
from orders.table import TableMismatchError, TableNotActiveError, ensure_table, protect_table


class Command(BaseCommand):
    help = (
        "Make the orders' table with its indexes, paid per request, and wait until it is ready; add an index that is "
        "missing; turn on point-in-time recovery and deletion protection where the engine has them. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--unprotected",
            action="store_true",
            help="leave recovery and deletion protection as they are",
        )

    def handle(self, **options: Any) -> None:
        try:
            done = list(self._say(ensure_table()))
            if not options["unprotected"]:
                list(self._say(protect_table()))
        except (StoreMisconfiguredError, TableMismatchError, TableNotActiveError) as error:
            raise CommandError(str(error)) from None
        except StoreUnavailableError as error:
            raise CommandError(f"DynamoDB does not answer: {error.reason}") from None
        self.stdout.write("The table is ready." if done else "The table was ready; nothing to make.")

    def _say(self, sentences: Any) -> Any:
        for sentence in sentences:
            self.stdout.write(sentence)
            yield sentence

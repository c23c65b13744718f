from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.management.failures import dynamodb_failures
from orders.table import TableMismatchError, TableNotActiveError, ensure_table, protect_table


class Command(BaseCommand):
    help = (
        "Create the orders table or its missing indexes, billed per request, and wait until it is ready. Turn on "
        "point-in-time recovery and deletion protection if the engine supports them. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--unprotected",
            action="store_true",
            help="do not change recovery and deletion protection",
        )

    def handle(self, **options: Any) -> None:
        try:
            with dynamodb_failures():
                steps = list(self._print(ensure_table()))
                if not options["unprotected"]:
                    list(self._print(protect_table()))
        except (TableMismatchError, TableNotActiveError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("The table is ready." if steps else "The table is already complete.")

    def _print(self, messages: Any) -> Any:
        for message in messages:
            self.stdout.write(message)
            yield message

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Say whether a stage can be deployed from here; for each thing that stands in the way, what to do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stage", nargs="?", default="prod", help="a stage of zappa_settings.json (prod)")

    def handle(self, *, stage: str, **_: Any) -> None:
        # Not shipped to Lambda, where nothing is deployed from.
        from deploy.preflight import checked  # noqa: PLC0415

        failures = 0
        for finding in checked(stage):
            failures += not finding.passed
            self.stdout.write(str(finding))
        if failures:
            raise CommandError(f"{failures} of the checks failed; nothing was deployed.")

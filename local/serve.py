"""`python -m local.serve 127.0.0.1:8000`: Django's development server without its start-up messages.

What the app prints, requests, errors and reloads are shown. Health checks that succeed are not.
"""

import logging
import os
import sys
from io import StringIO

from django.core.management import BaseCommand, ManagementUtility
from django.core.management.base import OutputWrapper
from django.utils import autoreload

HIDDEN = ("Watching for file changes", '"GET /healthz HTTP/1.1" 200')


class QuietManagement(ManagementUtility):
    """Without the standard output of commands. `print` in the app still works."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        command.stdout = OutputWrapper(StringIO())
        return command


def main() -> None:
    if os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) == "true":
        _serve()
    else:
        # This process only starts the one that serves, and again after a change. runserver would load the whole app
        # here too, which takes a third of a second of CPU time.
        autoreload.run_with_reloader(_serve)


def _serve() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "ordersite.settings"
    for name in ("django.utils.autoreload", "django.server"):
        logging.getLogger(name).addFilter(lambda record: not record.getMessage().startswith(HIDDEN))
    QuietManagement(["manage.py", "runserver", *sys.argv[1:]]).execute()


if __name__ == "__main__":
    main()

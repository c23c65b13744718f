#!/usr/bin/env python
"""Run Django's and this project's commands: `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersite.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (reads the line above)

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        # 128 + SIGINT, as shells expect.
        sys.exit(130)


if __name__ == "__main__":
    main()

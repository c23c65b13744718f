"""Prepares the demo of `make run`: `python -m local.demo --port N`. Safe to repeat.

Prints one line of JSON: a new API key and whether `staff` may log in. If the database is not SQLite it creates neither,
because the password is well known. Only a table that this module has just created gets demo orders. An existing
table, which may contain real orders, is not changed.
"""

import argparse
import json
import os
import sys
from io import StringIO
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from ordersite.development import ENDPOINTS

STAFF = "staff"
# With a fixed seed the orders always have the same ids, so an interrupted seeding can be repeated.
SEED = ("--count", "200", "--days", "10", "--seed", "1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.demo")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--unfinished", type=Path, help="for the embedded engine: a file that exists until seeding is complete"
    )
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersite.settings")
    try:
        django.setup()
        _run("migrate", "--no-input")
        prepare_orders(options.unfinished)
        print(json.dumps(prepare_access(options.port)))
    except (CommandError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except DatabaseError as error:
        sys.exit(_database_message(error))


def prepare_orders(unfinished: Path | None) -> None:
    """Create the table with demo orders if there is none. Raises CommandError if that fails.

    `unfinished` is None for an engine that the developer runs; an existing table there is not changed. The embedded
    engine's table belongs to this project and gets missing indexes; there, `unfinished` marks an interrupted seeding.
    """
    from orders.management.failures import dynamodb_failures  # noqa: PLC0415 - models need Django's setup first
    from orders.table import TableMismatchError, missing_indexes  # noqa: PLC0415

    names = " and ".join(ENDPOINTS)
    try:
        with dynamodb_failures("" if unfinished else f". Start it, or unset {names} to use the embedded engine."):
            missing = missing_indexes()
    except TableMismatchError as error:
        raise CommandError(str(error)) from None
    is_new = missing is None
    if missing and not unfinished:
        raise CommandError(
            f"Table {settings.ORDERS_TABLE} exists and lacks the indexes {', '.join(missing)}. Nothing was changed. "
            "Add them: .venv/bin/python manage.py create_orders_table --unprotected"
        )
    if is_new and unfinished:
        unfinished.touch()
    if is_new or missing:
        _run("create_orders_table", "--unprotected")
    if is_new or (unfinished and unfinished.exists()):
        _run("seed_orders", *SEED)
    if unfinished:
        unfinished.unlink(missing_ok=True)


def prepare_access(port: int) -> dict[str, str | bool | None]:
    if connection.vendor != "sqlite":
        return {"key": None, "login": False}
    _ensure_staff_user()
    return {"key": _new_key(f"make run (port {port})"), "login": True}


def _database_message(error: DatabaseError) -> str:
    reason = " ".join(str(error).split())
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        return f"The database {name} cannot be used ({reason}): check that this file and its folder are writable."
    return f"The database in DATABASE_URL cannot be used ({reason}): start it, or unset DATABASE_URL to use db.sqlite3."


def _ensure_staff_user() -> None:
    from accounts.models import User  # noqa: PLC0415 - as above

    staff, _ = User.objects.get_or_create(username=STAFF, defaults={"email": "staff@example.com"})
    staff.is_active = staff.is_staff = staff.is_superuser = True
    if not staff.check_password(STAFF):  # a new hash would end all sessions
        staff.set_password(STAFF)
    staff.save()


def _new_key(name: str) -> str:
    """A new read-write key, which replaces those with this name, because they cannot be shown again."""
    from accounts.models import ApiKey  # noqa: PLC0415 - as above

    ApiKey.objects.filter(name=name).delete()
    _, key = ApiKey.objects.create_key(name=name, access="read-write")
    return str(key)


def _run(command: str, *arguments: str) -> None:
    call_command(command, *arguments, stdout=StringIO(), stderr=StringIO())


if __name__ == "__main__":
    main()

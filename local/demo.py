"""What makes an empty engine and an empty database a demo: `python -m local.demo --port N`, in a process of its own.

Prints one line of JSON: the fresh API key and whether `staff` may log in. It repeats safely. In a database that is not
a SQLite file it makes neither, because a login that everybody knows is for a laptop alone. Demo orders go only into a
table that this module has just created; an existing table, which may contain real orders, is not changed.
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

STAFF = "staff"
# A fixed seed gives the orders the same ids each time, so a seeding that was interrupted can simply be repeated.
SEED = ("--count", "200", "--days", "10", "--seed", "1")


def main() -> int:
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
        access = prepare_access(options.port)
    except (CommandError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except DatabaseError as error:
        sys.stderr.write(f"{_database_sentence(error)}\n")
        return 1
    sys.stdout.write(json.dumps(access) + "\n")
    return 0


def prepare_orders(unfinished: Path | None) -> None:
    """Create the table with demo orders if there is none. Raises CommandError if that fails.

    `unfinished` is None for an engine that the developer runs; an existing table there is not changed. The embedded
    engine's table belongs to this project and gets missing indexes; there, `unfinished` marks an interrupted seeding.
    """
    missing = _missing_indexes()
    if unfinished is None:
        if missing:
            raise CommandError(_indexes_sentence(missing))
        if missing is None:
            _make_table()
            _run("seed_orders", *SEED)
        return
    if missing is None:
        unfinished.touch()
    if missing is None or missing:
        _make_table()
    if unfinished.exists():
        _run("seed_orders", *SEED)
        unfinished.unlink()


def prepare_access(port: int) -> dict[str, str | bool | None]:
    if connection.vendor != "sqlite":
        return {"key": None, "login": False}
    _ensure_staff()
    return {"key": _fresh_key(f"make run (port {port})"), "login": True}


def _make_table() -> None:
    _run("create_orders_table", "--unprotected")


def _missing_indexes() -> list[str] | None:
    from orders import table  # noqa: PLC0415 - models need Django's setup first
    from orders.errors import StoreMisconfiguredError, StoreUnavailableError  # noqa: PLC0415

    try:
        return table.missing_indexes()
    except (StoreMisconfiguredError, table.TableMismatchError) as error:
        raise CommandError(str(error)) from None
    except StoreUnavailableError as error:
        raise CommandError(f"DynamoDB does not answer: {error.reason}") from None


def _indexes_sentence(missing: list[str]) -> str:
    return (
        f"Table {settings.ORDERS_TABLE} exists and lacks the indexes {', '.join(missing)}. Nothing was changed. "
        "Add them: .venv/bin/python manage.py create_orders_table --unprotected"
    )


def _database_sentence(error: DatabaseError) -> str:
    reason = " ".join(str(error).split())
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        return f"The database {name} cannot be used ({reason}): check that you may write to this file and its folder."
    return (
        f"The database that DATABASE_URL names cannot be used ({reason}): start it, or unset DATABASE_URL to use "
        "db.sqlite3."
    )


def _ensure_staff() -> None:
    from accounts.models import User  # noqa: PLC0415 - as above

    staff, _ = User.objects.get_or_create(username=STAFF, defaults={"email": "staff@example.com"})
    staff.is_active = staff.is_staff = staff.is_superuser = True
    if not staff.check_password(STAFF):  # hashing it anew would log everybody out
        staff.set_password(STAFF)
    staff.save()


def _fresh_key(name: str) -> str:
    """A new read-write key; the earlier ones of that name end, because nobody can read them any more."""
    from accounts.models import ApiKey  # noqa: PLC0415 - as above

    ApiKey.objects.filter(name=name).delete()
    _, key = ApiKey.objects.create_key(name=name, access="read-write")
    return str(key)


def _run(command: str, *arguments: str) -> None:
    call_command(command, *arguments, stdout=StringIO(), stderr=StringIO())


if __name__ == "__main__":
    sys.exit(main())

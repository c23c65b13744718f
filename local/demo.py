"""What makes an empty engine and an empty database a demo: `python -m local.demo --port N`, in a process of its own.

Prints one line of JSON: the fresh API key and whether `staff` may log in. It repeats safely. In a database that is not
a SQLite file it makes neither, because a login that everybody knows is for a laptop alone.
"""

import argparse
import json
import os
import sys
from io import StringIO

import django
from django.core.management import CommandError, call_command
from django.db import connection

STAFF = "staff"
SEED = ("--count", "200", "--days", "10")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.demo")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersite.settings")
    django.setup()
    try:
        prepare_orders()
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(prepare_access(port)) + "\n")
    return 0


def prepare_orders() -> None:
    """Raises CommandError when the engine refuses."""
    _run("migrate", "--no-input")
    _run("create_orders_table")
    if not _has_orders():
        _run("seed_orders", *SEED)


def prepare_access(port: int) -> dict[str, str | bool | None]:
    if connection.vendor != "sqlite":
        return {"key": None, "login": False}
    _ensure_staff()
    return {"key": _fresh_key(f"make run (port {port})"), "login": True}


def _has_orders() -> bool:
    from orders.listing import Filters, page  # noqa: PLC0415 - models need Django's setup first

    return bool(page(Filters(), limit=1).orders)


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

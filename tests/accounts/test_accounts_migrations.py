from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, connections

groups = import_module("accounts.migrations.0002_groups")

ALL_FOUR = {"view_order", "add_order", "change_order", "delete_order"}


def held(using: str = "default") -> dict[str, set[str]]:
    return {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.using(using).all()
    }


@pytest.fixture
def empty_database(tmp_path, django_db_blocker):
    """The alias of a second, empty database, so that migrating it to and fro disturbs no other test."""
    with django_db_blocker.unblock():
        connections.settings["empty"] = connections.configure_settings(
            {
                "default": {},
                "empty": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "empty.sqlite3")},
            }
        )["empty"]
        yield "empty"
        connections["empty"].close()
        del connections["empty"], connections.settings["empty"]


def migrate(*arguments: str, database: str) -> None:
    call_command("migrate", *arguments, database=database, verbosity=0)


def test_the_groups_hold_their_permissions(db):
    assert held() == {"Order viewers": {"view_order"}, "Order managers": ALL_FOUR}


def test_each_permission_on_orders_exists_once_and_reads_like_djangos_own(db):
    permissions = Permission.objects.filter(content_type__app_label="accounts", content_type__model="orderpermission")
    assert sorted(permissions.values_list("codename", "name")) == [
        ("add_order", "Can add order"),
        ("change_order", "Can change order"),
        ("delete_order", "Can delete order"),
        ("view_order", "Can view order"),
    ]


def test_making_the_groups_again_changes_nothing_and_takes_nothing_away(db):
    extra = Permission.objects.get(codename="view_user")
    Group.objects.get(name="Order viewers").permissions.add(extra)
    before = held()
    # The connection is all that is asked of a schema editor, and SQLite lends none inside a test's transaction.
    groups.create_groups(apps, SimpleNamespace(connection=connection))
    assert held() == before


def test_the_migrations_can_be_taken_back_and_applied_again(empty_database):
    migrate(database=empty_database)
    user = get_user_model().objects.db_manager(empty_database).create_user("asha")
    user.groups.add(Group.objects.using(empty_database).get(name="Order viewers"))
    migrate("accounts", "0001", database=empty_database)
    assert held(empty_database) == {}
    migrate(database=empty_database)
    assert held(empty_database) == {"Order viewers": {"view_order"}, "Order managers": ALL_FOUR}
    migrate("accounts", "zero", database=empty_database)


def test_the_models_need_no_further_migration(db):
    call_command("makemigrations", "accounts", check=True, dry_run=True, verbosity=0)


def test_dumping_the_database_does_not_look_for_a_table_of_orders(db):
    out = StringIO()
    call_command("dumpdata", "accounts", "--all", stdout=out)
    assert out.getvalue().strip() == "[]"

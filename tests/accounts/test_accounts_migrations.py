from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from accounts.keys import caller_for
from accounts.models import ApiKey

groups = import_module("accounts.migrations.0002_groups")

ALL_FOUR = {"view_order", "add_order", "change_order", "delete_order"}


def permissions_of_groups(using: str = "default") -> dict[str, set[str]]:
    return {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.using(using).all()
    }


@pytest.fixture
def empty_database(tmp_path, django_db_blocker):
    """The alias of a second, empty database, so that its migrations do not affect other tests."""
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


def test_the_groups_have_their_permissions(db):
    assert permissions_of_groups() == {"Order viewers": {"view_order"}, "Order managers": ALL_FOUR}


def test_each_permission_on_orders_exists_once_and_is_named_like_djangos_own(db):
    permissions = Permission.objects.filter(content_type__app_label="accounts", content_type__model="orderpermission")
    assert sorted(permissions.values_list("codename", "name")) == [
        ("add_order", "Can add order"),
        ("change_order", "Can change order"),
        ("delete_order", "Can delete order"),
        ("view_order", "Can view order"),
    ]


def test_creating_the_groups_again_changes_nothing(db):
    extra = Permission.objects.get(codename="view_user")
    Group.objects.get(name="Order viewers").permissions.add(extra)
    before = permissions_of_groups()
    # The function only reads the connection of a schema editor, and SQLite has no editor inside a transaction.
    groups.create_groups(apps, SimpleNamespace(connection=connection))
    assert permissions_of_groups() == before


def test_the_migrations_can_be_reversed_and_applied_again(empty_database):
    migrate(database=empty_database)
    user = get_user_model().objects.db_manager(empty_database).create_user("asha")
    user.groups.add(Group.objects.using(empty_database).get(name="Order viewers"))
    migrate("accounts", "0001", database=empty_database)
    assert permissions_of_groups(empty_database) == {}
    migrate(database=empty_database)
    assert permissions_of_groups(empty_database) == {"Order viewers": {"view_order"}, "Order managers": ALL_FOUR}
    migrate("accounts", "zero", database=empty_database)


# A key and its hash as djangorestframework-api-key 3.1.0 generated them.
FORMER_KEY = "Qp3xW7aZ.0123456789abcdefABCDEFghijklMNOP"
FORMER_HASH = (
    "sha512$$5136c3254732e8c39146b0c763f74c78741b2c409e2bf2984460395d053d0e46"
    "8c1aa28194d7539405b1986a794d3c0c61b2eae797ba7b867b3a2d733e0b4b33"
)
LIBRARY = "rest_framework_api_key"


@pytest.fixture
def former_database(empty_database):
    """The alias of a database as the former migrations and the library's left it, with one key."""
    migrate("accounts", "0002", database=empty_database)
    with connections[empty_database].cursor() as cursor:
        cursor.execute(f"CREATE TABLE {LIBRARY}_apikey (id varchar(150) PRIMARY KEY)")
        cursor.execute(
            "INSERT INTO accounts_apikey (id, prefix, hashed_key, created, name, revoked, access)"
            " VALUES (%s, %s, %s, %s, 'shop', %s, 'read-write')",
            [f"{FORMER_KEY[:8]}.{FORMER_HASH}", FORMER_KEY[:8], FORMER_HASH, datetime(2026, 1, 1, tzinfo=UTC), False],
        )
    recorder = MigrationRecorder(connections[empty_database])
    recorder.record_applied(LIBRARY, "0001_initial")
    migrate("sessions", database=empty_database)
    content_type = ContentType.objects.using(empty_database).create(app_label=LIBRARY, model="apikey")
    Permission.objects.using(empty_database).create(content_type=content_type, codename="add_apikey", name="Can add")
    return empty_database


def test_a_key_of_a_former_database_is_accepted_after_the_migrations(former_database):
    migrate(database=former_database)
    row = ApiKey.objects.using(former_database).get()
    assert (row.name, row.access, row.prefix) == ("shop", "read-write", FORMER_KEY[:8])
    assert row.matches(FORMER_KEY)
    assert not row.matches(FORMER_KEY[:-1] + "x")


def test_the_migrations_remove_what_the_former_library_left(former_database):
    migrate(database=former_database)
    assert f"{LIBRARY}_apikey" not in connections[former_database].introspection.table_names()
    assert not ContentType.objects.using(former_database).filter(app_label=LIBRARY)
    assert not Permission.objects.using(former_database).filter(content_type__app_label=LIBRARY)
    assert not MigrationRecorder(connections[former_database]).migration_qs.filter(app=LIBRARY)


def test_a_former_key_authenticates(db):
    ApiKey.objects.create(
        id=f"{FORMER_KEY[:8]}.{FORMER_HASH}",
        prefix=FORMER_KEY[:8],
        hashed_key=FORMER_HASH,
        name="shop",
        access="read-write",
    )
    assert caller_for(FORMER_KEY, at=datetime(2026, 1, 1, tzinfo=UTC)).name == "shop"


def test_a_revoked_key_cannot_be_made_usable_again(db):
    row, _ = ApiKey.objects.create_key(name="shop", revoked=True)
    row.revoked = False
    with pytest.raises(ValidationError):
        row.save()
    assert ApiKey.objects.get().revoked


def test_the_models_need_no_further_migration(db):
    call_command("makemigrations", "accounts", check=True, dry_run=True, verbosity=0)


def test_dumpdata_does_not_query_a_table_of_orders(db):
    out = StringIO()
    call_command("dumpdata", "accounts", "--all", stdout=out)
    assert out.getvalue().strip() == "[]"

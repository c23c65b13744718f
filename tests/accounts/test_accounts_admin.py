import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.keys import caller_for
from accounts.models import ApiKey, User

CHANGELIST = "admin:accounts_apikey_changelist"
AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
LATER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def administrator(client, db):
    client.force_login(User.objects.create_superuser("root"))
    return client


def change_url(row: ApiKey) -> str:
    return reverse("admin:accounts_apikey_change", args=[row.pk])


def create(client, **fields: str):
    data = {"name": "shop", "access": "read-write", "expiry_date_0": "", "expiry_date_1": "", **fields}
    return client.post(reverse("admin:accounts_apikey_add"), data, follow=True)


def shown_key(page) -> str | None:
    found = re.search(r"[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\b", page.content.decode())
    return found and found[0]


def test_a_new_key_is_shown_once_and_works(administrator):
    page = create(administrator, name="<b>shop</b>")
    key = shown_key(page)
    caller = caller_for(key, at=AT)
    assert (caller.name, caller.access) == ("<b>shop</b>", "read-write")
    assert "&lt;b&gt;shop&lt;/b&gt;" in page.content.decode()
    assert "<b>shop</b>" not in page.content.decode()
    assert shown_key(administrator.get(reverse(CHANGELIST))) is None
    assert shown_key(administrator.get(change_url(ApiKey.objects.get()))) is None


def test_a_new_key_is_not_stored_in_any_table(administrator):
    key = shown_key(create(administrator))
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the database's own names
            rows += cursor.fetchall()
    assert key[:8] in repr(rows)
    assert key[9:] not in repr(rows)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 51},
        {"name": "\u200b"},
        {"name": "shop\u202e"},
        {"name": "sh\u200bop"},
        {"access": "everything"},
    ],
)
def test_an_invalid_key_is_not_created(administrator, fields):
    assert shown_key(create(administrator, **fields)) is None
    assert not ApiKey.objects.exists()


def test_a_hidden_character_in_the_name_of_a_key_is_refused_by_name(administrator):
    page = create(administrator, name="sh\u200bop").content.decode()
    assert "This contains the invisible character ZERO WIDTH SPACE (U+200B) at position 3. Remove it." in page


def test_a_hidden_character_in_the_name_of_an_older_key_is_shown_as_its_code(administrator, make_key):
    row, _ = make_key(name="shop\u202e")
    content = administrator.get(change_url(row)).content.decode()
    assert "shopU+202E" in content
    assert content.count("\u202e") == content.count('value="shop\u202e"') == 1


def test_blanks_around_the_name_of_a_key_are_removed(administrator):
    create(administrator, name="\u3000shop ")
    assert ApiKey.objects.get().name == "shop"


def listed(page) -> dict[str, str]:
    """The keys of the admin's list by name, each with its status as the column shows it."""
    admin_list = page.context["cl"]
    status = admin_list.model_admin.status
    return {key.name: status(key)[1] for key in admin_list.result_list}


@pytest.fixture
def one_key_of_each_status(make_key):
    soon, before = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(hours=1)
    make_key(name="unlimited")
    make_key(name="for an hour", expiry_date=soon)
    make_key(name="over", expiry_date=before)
    make_key(name="ended", revoked=True)
    make_key(name="ended and over", expiry_date=before, revoked=True)


STATUSES = {
    "unlimited": "Active",
    "for an hour": "Active",
    "over": "Expired",
    "ended": "Revoked",
    "ended and over": "Revoked",
}


def test_the_list_shows_access_expiry_and_one_status_of_each_key(administrator, one_key_of_each_status):
    page = administrator.get(reverse(CHANGELIST))
    html = page.content.decode()
    for column in ("access", "expiry_date", "status"):
        assert f"column-{column}" in html
    for column in ("revoked", "_has_expired"):
        assert f"column-{column}" not in html
    assert "close_small" not in html
    assert "Read-write" in html
    assert listed(page) == STATUSES


@pytest.mark.parametrize("status", ["active", "expired", "revoked"])
def test_the_list_can_be_filtered_by_status(administrator, one_key_of_each_status, status):
    page = administrator.get(reverse(CHANGELIST), {"status": status})
    assert listed(page) == {name: shown for name, shown in STATUSES.items() if shown.lower() == status}


def test_an_unknown_status_filters_nothing(administrator, one_key_of_each_status):
    assert listed(administrator.get(reverse(CHANGELIST), {"status": "sleeping"})) == STATUSES


def expiring(at: datetime) -> dict[str, str]:
    """The fields of a form, for an instant in UTC."""
    return {"expiry_date_0": f"{at.astimezone(UTC):%Y-%m-%d}", "expiry_date_1": f"{at.astimezone(UTC):%H:%M:%S}"}


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(minutes=1), timedelta(days=400)])
def test_a_key_that_has_already_expired_is_refused(administrator, ago):
    page = create(administrator, **expiring(timezone.now() - ago))
    assert shown_key(page) is None
    assert "This time has passed. Enter a time in the future" in page.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_that_expires_later_is_created(administrator):
    at = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    assert shown_key(create(administrator, **expiring(at)))
    assert ApiKey.objects.get().expiry_date == at


def test_the_expiry_of_a_key_cannot_be_set_to_the_past(administrator, make_key):
    row, _ = make_key()
    data = {"name": "shop", "access": "read-only", **expiring(timezone.now() - timedelta(days=1))}
    page = administrator.post(change_url(row), data)
    assert "To disable a key, revoke it." in page.content.decode()
    row.refresh_from_db()
    assert (row.access, row.expiry_date) == ("read-write", None)


def test_a_key_that_has_expired_can_be_renamed_and_renewed(administrator, make_key):
    row, key = make_key(expiry_date=AT + timedelta(microseconds=5))
    administrator.post(change_url(row), {"name": "old shop", "access": "read-write", **expiring(AT)})
    row.refresh_from_db()
    assert row.name == "old shop"
    administrator.post(change_url(row), {"name": "old shop", "access": "read-write", **expiring(LATER)})
    assert caller_for(key, at=timezone.now()).name == "old shop"


def test_revoking_keys_in_the_list_is_logged_with_the_user(administrator, make_key):
    (one, _), (gone, _), _ = make_key(), make_key(revoked=True), make_key()
    data = {"action": "revoke", "_selected_action": [one.pk, gone.pk]}
    page = administrator.post(reverse(CHANGELIST), data, follow=True)
    assert "1 API key was revoked. Requests with it are refused within a minute." in page.content.decode()
    assert set(ApiKey.objects.filter(revoked=True)) == {one, gone}
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.username, entry.change_message) == (one.pk, "root", "Revoked.")


def test_saving_a_key_again_does_not_change_the_key(administrator, make_key):
    row, key = make_key()
    data = {"name": "the shop", "access": "read-only", "expiry_date_0": "", "expiry_date_1": ""}
    page = administrator.post(change_url(row), data, follow=True)
    assert shown_key(page) is None
    caller = caller_for(key, at=AT)
    assert (caller.name, caller.access) == ("the shop", "read-only")


def test_a_revoked_key_stays_revoked(administrator, make_key):
    row, _ = make_key(name="shop", revoked=True)
    administrator.post(change_url(row), {"name": "another", "access": "read-write"}, follow=True)
    row.refresh_from_db()
    assert (row.name, row.revoked) == ("shop", True)


def test_staff_who_may_only_view_keys_cannot_revoke_them(client, make_staff, make_key):
    user = make_staff()
    user.user_permissions.add(Permission.objects.get(codename="view_apikey", content_type__app_label="accounts"))
    client.force_login(user)
    row, _ = make_key()
    page = client.post(reverse(CHANGELIST), {"action": "revoke", "_selected_action": [row.pk]}, follow=True)
    assert page.status_code == 200
    row.refresh_from_db()
    assert not row.revoked


def test_order_managers_see_no_keys(client, make_staff):
    client.force_login(make_staff("Order managers"))
    assert client.get(reverse(CHANGELIST)).status_code == 403


def test_users_are_managed_with_djangos_own_pages(administrator):
    assert administrator.get(reverse("admin:accounts_user_changelist")).status_code == 200
    assert administrator.get(reverse("admin:accounts_user_add")).status_code == 200


def test_permissions_on_orders_are_offered_by_that_name(administrator):
    page = administrator.get(reverse("admin:auth_group_add")).content.decode()
    assert "Accounts | order | Can change order" in page


def test_the_admin_lists_one_kind_of_api_key():
    admin.autodiscover()
    labels = [model._meta.label for model in admin.site._registry]
    assert [label for label in labels if label.lower().endswith("apikey")] == ["accounts.ApiKey"]

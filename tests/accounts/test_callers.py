from dataclasses import FrozenInstanceError

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.callers import ApiKeyCaller, identify

READ_ONLY = ApiKeyCaller(prefix="abcd1234", name="Shop No. 1", access="read-only")
READ_WRITE = ApiKeyCaller(prefix="abcd1234", name="Shop No. 1", access="read-write")
ALL_FOUR = ["accounts.view_order", "accounts.add_order", "accounts.change_order", "accounts.delete_order"]


def test_a_read_only_key_may_only_view_orders():
    assert [perm for perm in ALL_FOUR if READ_ONLY.has_perm(perm)] == ["accounts.view_order"]


def test_a_read_write_key_may_view_add_change_and_delete_orders():
    assert all(READ_WRITE.has_perm(perm) for perm in ALL_FOUR)


@pytest.mark.parametrize("perm", ["accounts.view_user", "accounts.add_apikey", "view_order", "orders.view_order", ""])
def test_no_key_may_do_anything_but_orders(perm):
    assert not READ_WRITE.has_perm(perm)


def test_a_caller_with_a_key_is_like_an_active_user_who_is_not_staff():
    assert READ_ONLY.is_authenticated
    assert READ_ONLY.is_active
    assert not READ_ONLY.is_anonymous
    assert not READ_ONLY.is_staff
    assert not READ_ONLY.is_superuser
    assert READ_ONLY.pk == "api-key:abcd1234"


def test_a_caller_is_immutable():
    with pytest.raises(FrozenInstanceError):
        READ_ONLY.access = "read-write"


def test_a_key_is_identified_by_its_prefix_and_displayed_by_its_name():
    identity = identify(READ_WRITE)
    assert identity.id == "api-key:abcd1234"
    assert identity.label == str(READ_WRITE) == "api-key:Shop No. 1"


def test_two_keys_of_one_name_have_two_identities(make_key):
    (one, _), (other, _) = make_key(name="shop"), make_key(name="shop")
    callers = [ApiKeyCaller(prefix=row.prefix, name=row.name, access=row.access) for row in (one, other)]
    assert len({identify(caller).label for caller in callers}) == 1
    assert len({identify(caller).id for caller in callers}) == 2


def test_staff_are_identified_by_their_id_and_displayed_by_their_username(make_staff):
    user = make_staff(username="asha")
    assert identify(user) == (f"user:{user.pk}", "staff:asha")


def test_staff_keep_their_identity_when_they_are_renamed(make_staff):
    user = make_staff(username="asha")
    before = identify(user)
    user.username = "asha.rao"
    assert identify(user) == (before.id, "staff:asha.rao")


def test_an_anonymous_user_has_no_identity():
    with pytest.raises(ValueError, match="anonymous"):
        identify(AnonymousUser())

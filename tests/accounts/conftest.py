from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from accounts.models import Access, ApiKey, User


@pytest.fixture
def make_key(db) -> Callable[..., tuple[ApiKey, str]]:
    """Stores a key and returns the row and the key."""

    def make(**fields: object) -> tuple[ApiKey, str]:
        return ApiKey.objects.create_key(**{"name": "shop", "access": Access.READ_WRITE, **fields})

    return make


@pytest.fixture
def make_staff(db) -> Callable[..., User]:
    """Stores a member of staff in the named groups."""

    def make(*groups: str, username: str = "asha") -> User:
        user = User.objects.create_user(username, is_staff=True)
        user.groups.set([Group.objects.get(name=name) for name in groups])
        return user

    return make

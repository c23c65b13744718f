"""Staff sessions, and outages of DynamoDB and of the relational database."""

import socket
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client

from accounts.models import User
from orders.models import Order


@pytest.fixture
def sign_in(table: None, db: None) -> Callable[..., Client]:
    """A client that is signed in as a member of staff in the named groups, with CSRF checks."""

    def sign_in(*groups: str) -> Client:
        user = User.objects.create_user("asha", is_staff=True)
        user.groups.set([Group.objects.get(name=name) for name in groups])
        browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def no_dynamodb(table: None) -> Iterator[None]:
    """DynamoDB is unreachable: no server listens at its address."""
    with socket.socket() as silent, pytest.MonkeyPatch.context() as patch:
        silent.bind(("127.0.0.1", 0))
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{silent.getsockname()[1]}")
        _reconnect(patch)
        yield


@pytest.fixture
def no_table(table: None) -> Iterator[None]:
    """DynamoDB is available, but the table does not exist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Order.Meta, "table_name", "NotMadeYet")
        _reconnect(patch)
        yield


def _reconnect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Order, "_connection", None)


@pytest.fixture
def no_database(db: None) -> Iterator[None]:
    """The relational database cannot be opened, because the folder of its file does not exist."""
    connected = connections["default"]
    lost = connected.copy()
    lost.settings_dict["NAME"] = "/no/such/folder/db.sqlite3"
    connections["default"] = lost
    yield
    connections["default"] = connected

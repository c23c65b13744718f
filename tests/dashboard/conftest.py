"""Signed-in users of the dashboard, and outages of DynamoDB."""

import socket
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from orders.models import Order
from tests.contract.fault_proxy import FaultProxy, fault_proxy
from tests.contract.order_helpers import other_engine

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(table: None, db: None) -> SignIn:
    """A client in which a member of staff with these groups and extra permissions has signed in."""
    numbers = count(1)

    def sign_in(*groups: str, may: tuple[str, ...] = (), name: str = "", **fields: bool) -> Client:
        name = name or f"asha{next(numbers)}"
        user = User.objects.create_user(name, **{"is_staff": True, **fields})
        user.groups.set([Group.objects.get(name=group) for group in groups])
        user.user_permissions.set([Permission.objects.get(codename=codename) for codename in may])
        browser = Client()
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def anna(sign_in: SignIn) -> Client:
    """A manager, who has all permissions for orders."""
    return sign_in("Order managers", name="anna")


@pytest.fixture
def viewer(sign_in: SignIn) -> Client:
    return sign_in("Order viewers", name="vera")


@pytest.fixture
def no_dynamodb(table: None) -> Iterator[None]:
    """Nothing listens at DynamoDB's address. Requests are not retried, to save time."""
    with socket.socket() as silent, pytest.MonkeyPatch.context() as patch:
        silent.bind(("127.0.0.1", 0))
        patch.setattr(Order.Meta, "max_retry_attempts", 0)
        with other_engine(f"http://127.0.0.1:{silent.getsockname()[1]}"):
            yield


@pytest.fixture
def proxy(engine: str, table: None) -> Iterator[FaultProxy]:
    """A proxy before the engine for all calls of the test. Requests are not retried."""
    with fault_proxy(engine) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Order.Meta, "max_retry_attempts", 0)
        with other_engine(proxy.endpoint):
            yield proxy

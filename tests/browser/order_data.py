"""Orders in the table, changes by other users, and outages of DynamoDB."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from orders import store
from orders.lifecycle import Status
from orders.models import Order

SHOP = "api-key:shop"
BEN = "staff:ben"


def place_order(  # noqa: PLR0913 (an order's fields, by keyword)
    item: str = "Teapot",
    *,
    ago: timedelta = timedelta(hours=1),
    at: datetime | None = None,
    quantity: int = 1,
    name: str = "Zoe Kim",
    email: str = "zoe.kim@example.com",
) -> Order:
    at = at or timezone.now() - ago
    values = {"item": item, "quantity": quantity, "customer_name": name, "customer_email": email}
    return store.place(**values, at=at, by=SHOP).order


def place_orders(count: int) -> list[Order]:
    """The newest first, one minute apart, with items numbered from 1 in that order."""
    return [place_order(f"Item {number}", ago=timedelta(minutes=number)) for number in range(1, count + 1)]


def change_status(order: Order, to: Status, *, by: str = BEN) -> Order:
    return store.change_status(order.order_id, to, at=timezone.now(), by=by)


def stored_order(order: Order) -> Order:
    return store.get(order.order_id)


def all_orders() -> list[Order]:
    return list(Order.scan())


@contextmanager
def dynamodb_outage() -> Iterator[None]:
    """Nothing listens at DynamoDB's address while this runs."""
    with socket.socket() as silent, pytest.MonkeyPatch.context() as patch:
        silent.bind(("127.0.0.1", 0))
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{silent.getsockname()[1]}")
        patch.setattr(Order, "_connection", None)
        yield

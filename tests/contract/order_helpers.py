"""Helpers that create, change and read orders for the tests, also directly in DynamoDB."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError
from django.utils import timezone

from orders import dynamodb, store
from orders.dynamodb import connection
from orders.lifecycle import Status
from orders.models import Order, new_order

NOW = datetime(2026, 11, 22, 10, 15, 30, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
HOUR = timedelta(hours=1)
BY = "staff:anna"
NEW_ORDER = {"item": "Teapot", "quantity": 2, "customer_name": "Ann", "customer_email": "", "at": NOW, "by": BY}

# The status changes that lead to each status.
PATHS = {
    Status.PENDING: (),
    Status.PROCESSING: (Status.PROCESSING,),
    Status.COMPLETED: (Status.PROCESSING, Status.COMPLETED),
    Status.CANCELLED: (Status.CANCELLED,),
    Status.EXPIRED: (Status.EXPIRED,),
}


def place(**fields: Any) -> store.Placement:
    return store.place(**{**NEW_ORDER, **fields})


def placed(*, status: Status = Status.PENDING, **fields: Any) -> Order:
    """A stored order with this status."""
    order = place(**fields).order
    for to in PATHS[status]:
        order = move(order.order_id, to)
    return order


def move(order_id: str, to: Status, *, at: datetime = NOW) -> Order:
    if to is Status.EXPIRED:
        expired = store.expire(order_id, at=at, by="system:expire_orders")
        assert expired is not None
        return expired
    return store.change_status(order_id, to, at=at, by=BY)


def place_many(
    count: int, *, newest: datetime = NOW, step: timedelta = timedelta(minutes=1), **fields: Any
) -> list[Order]:
    """Place `count` orders, `step` apart, with the same ids in every run. Returns them newest first."""
    orders = [
        new_order(
            **{
                **NEW_ORDER,
                "order_id": str(UUID(int=number * 0x9E3779B97F4A7C15)),
                "at": newest - step * number,
                **fields,
            }
        )
        for number in range(count)
    ]
    return list(dynamodb.save_many(iter(orders)))


def place_due(count: int) -> list[Order]:
    """Place `count` orders that are already due. Returns them newest first."""
    return place_many(count, newest=timezone.now() - timedelta(hours=61))


def ids(orders: Iterable[Any]) -> list[str]:
    return [order.order_id for order in orders]


# --- Direct access ----------------------------------------------------------------------------------------------------


def stored(order_id: str) -> dict[str, Any] | None:
    """The item in DynamoDB."""
    reply = _client().get_item(TableName=Order.Meta.table_name, Key={"order_id": {"S": order_id}}, ConsistentRead=True)
    return reply.get("Item")


def put(item: dict[str, Any]) -> None:
    """Store an item as another program may write it."""
    _client().put_item(TableName=Order.Meta.table_name, Item=item)


def overwrite(order_id: str, **attributes: dict[str, Any] | None) -> None:
    """Set only these attributes of the order, as another program may; None removes one."""
    updates = {
        name: {"Action": "PUT", "Value": value} if value else {"Action": "DELETE"} for name, value in attributes.items()
    }
    key = {"order_id": {"S": order_id}}
    _client().update_item(TableName=Order.Meta.table_name, Key=key, AttributeUpdates=updates)


def make_unreadable(order_id: str) -> None:
    """Make the order unreadable by storing a text as its history."""
    overwrite(order_id, history={"S": "garbage"})


def make_too_large(order_id: str) -> None:
    """Make the order so large that any change exceeds DynamoDB's limit of 400 KB."""
    for length in range(400 * 1024 - 300, 0, -16):
        with suppress(ClientError):
            overwrite(order_id, item={"S": "x" * length})
            return


def set_outside(order_id: str, status: str, **attributes: dict[str, Any]) -> None:
    """Set only the status and `attributes`, as the former handlers do."""
    overwrite(order_id, status={"S": status}, **attributes)


def all_orders() -> dict[str, Order]:
    """All orders in the table, by id."""
    return {order.order_id: order for order in Order.scan(consistent_read=True)}


def _client() -> Any:
    return connection().connection.client


# --- Other tables, other engines, other threads -----------------------------------------------------------------------


@contextmanager
def other_table(name: str) -> Iterator[None]:
    """Uses this table as the orders table inside the block."""
    previous = Order.Meta.table_name
    with _reconnected():
        Order.Meta.table_name = name
        try:
            yield
        finally:
            Order.Meta.table_name = previous


@contextmanager
def other_engine(endpoint: str) -> Iterator[None]:
    """Uses this DynamoDB endpoint inside the block."""
    previous = os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
    with _reconnected():
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
        try:
            yield
        finally:
            os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = previous


@contextmanager
def _reconnected() -> Iterator[None]:
    previous, Order._connection = Order._connection, None
    try:
        yield
    finally:
        if Order._connection is not None:
            connection().connection.close()
        Order._connection = previous


def race(*runners: Callable[[], Any]) -> list[Any]:
    """Run the functions at the same time. Returns what each of them returns or raises."""
    barrier = Barrier(len(runners))
    results: list[Any] = [None] * len(runners)

    def run(number: int, runner: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = runner()
        except Exception as error:  # noqa: BLE001 (the test checks it)
            results[number] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

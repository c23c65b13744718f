"""Fills both tables with the same orders: this app's with its indexes, the former one with only its own attributes."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from benchmarks import baseline
from orders import lifecycle
from orders.dynamodb import connection, save_many
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import Order, expiry_age
from orders.seeding import sample_orders
from orders.table import ensure_table

DAYS = 30
SEED = 1


def make_tables() -> None:
    list(ensure_table())
    baseline.dynamodb.create_table(
        TableName=baseline.table.name,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    ).wait_until_exists()


def fill(count: int, *, at: datetime) -> list[Order]:
    """Put `count` orders into both tables and return those due at `at`. No other becomes due in the next hour."""
    cutoff = lifecycle.cutoff(at=at, age=expiry_age())
    orders = list(
        islice(_without_nearly_due(sample_orders(2 * count, days=DAYS, at=at, random=_random()), cutoff), count)
    )
    put(orders)
    return [order for order in orders if order.status is Status.PENDING and order.created_at < cutoff]


def _random() -> Random:
    return Random(SEED)  # noqa: S311 (not used for security)


def _without_nearly_due(orders: Iterable[Order], cutoff: datetime) -> Iterator[Order]:
    """Without the orders that would become due during the benchmark, so that each run expires the same ones."""
    return (order for order in orders if not cutoff <= order.created_at < cutoff + timedelta(hours=1))


def put(orders: Iterable[Order]) -> None:
    """Write these orders to both tables, replacing existing ones."""
    orders = list(orders)
    for _ in save_many(iter(orders)):
        pass
    with baseline.table.batch_writer() as batch:
        for order in orders:
            batch.put_item(Item=_former_item(order))


def count_left(due: Iterable[Order], table: str) -> int:
    """How many of these orders are still PENDING in the table, found by a Scan."""
    ids = {order.order_id for order in due}
    pages = (
        connection()
        .connection.client.get_paginator("scan")
        .paginate(
            TableName=table,
            FilterExpression="#status = :pending",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":pending": {"S": Status.PENDING.value}},
            ConsistentRead=True,
        )
    )
    return sum(item["order_id"]["S"] in ids for page in pages for item in page["Items"])


def _former_item(order: Order) -> dict[str, Any]:
    item = {
        "order_id": order.order_id,
        "item": order.item,
        "quantity": order.quantity,
        "status": order.status.value,
        "customer_name": order.customer_name,
        "customer_email": order.customer_email,
        "created_at": _naive(order.created_at),
    }
    return {**item, "expired_at": _naive(order.expired_at)} if order.expired_at else item


def _naive(instant: datetime) -> str:
    return write_instant(instant).removesuffix("Z")

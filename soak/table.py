"""Reads the orders directly from the engine, without any code of the app."""

from decimal import Decimal
from typing import Any

import boto3

from soak.site import TABLE

INDEXES = ("by_status", "by_created", "by_customer")

Item = dict[str, Any]


class Table:
    """All items by order id, and the items of each index by index name and order id."""

    def __init__(self, items: dict[str, Item], indexes: dict[str, dict[str, Item]]) -> None:
        self.items = items
        self.indexes = indexes


def read_table(endpoint: str) -> Table:
    dynamodb = boto3.resource(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="ap-south-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 (the engine accepts any)
    )
    table = dynamodb.Table(TABLE)
    indexes = {name: _scan(table, IndexName=name) for name in INDEXES}
    return Table(_scan(table, ConsistentRead=True), indexes)


def _scan(table: Any, **options: Any) -> dict[str, Item]:
    items: dict[str, Item] = {}
    while True:
        page = table.scan(**options)
        items.update((item["order_id"], _plain(item)) for item in page["Items"])
        if "LastEvaluatedKey" not in page:
            return items
        options["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, Decimal) and value == int(value) else value

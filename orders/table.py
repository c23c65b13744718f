"""Creates the table, adds missing indexes and protects it. Used by `create_orders_table` and by a deploy."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from orders import dynamodb
from orders.dynamodb import UnsupportedOperationError
from orders.models import Order

POLL_SECONDS = 1.0
WAIT_SECONDS = 600.0
"""Building an index of a large table takes minutes."""


class TableMismatchError(Exception):
    """A table with this name and other keys exists. It was not changed."""


class TableNotActiveError(Exception):
    """The table or an index did not become ACTIVE in time. DynamoDB is still building it."""


def ensure_table() -> Iterator[str]:
    """Create the table and any missing index, and wait until all are ACTIVE.

    Yields a message after each step. Safe to repeat, even after an interruption.
    Raises TableMismatchError, TableNotActiveError or StoreUnavailableError.
    """
    if not dynamodb.table_exists():
        dynamodb.create_table()
        yield f"Created table {_name()} with its indexes, paid per request."
    _wait_until_active()
    _check_keys(dynamodb.describe_table())
    for index in _missing_indexes(dynamodb.describe_table()):
        _add_index(index)
        yield f"Added index {index['index_name']}."
        # DynamoDB builds one index at a time.
        _wait_until_active()


def missing_indexes() -> list[str] | None:
    """The names of the indexes that the table lacks; None if there is no table. Changes nothing.

    Raises TableMismatchError or StoreUnavailableError.
    """
    if not dynamodb.table_exists():
        return None
    table = dynamodb.describe_table()
    _check_keys(table)
    return [index["index_name"] for index in _missing_indexes(table)]


def protect_table() -> Iterator[str]:
    """Turn on point-in-time recovery and deletion protection.

    Yields a message for each: it is on, or the engine does not support it.
    """
    yield _protect("Point-in-time recovery", dynamodb.enable_point_in_time_recovery)
    yield _protect("Deletion protection", _forbid_deletion)


def _protect(what: str, turn_on: Callable[[], object]) -> str:
    try:
        turn_on()
    except UnsupportedOperationError:
        return f"{what} is not supported by this engine; skipped."
    return f"{what} is on."


def _forbid_deletion() -> None:
    # DynamoDB returns an error if it is already on.
    if not dynamodb.describe_table().get("DeletionProtectionEnabled"):
        dynamodb.update_table(DeletionProtectionEnabled=True)
        _wait_until_active()


def _name() -> str:
    return str(Order.Meta.table_name)


def _check_keys(table: dict[str, Any]) -> None:
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    keys = [f"{key['AttributeName']} ({types[key['AttributeName']]})" for key in table["KeySchema"]]
    if keys != ["order_id (S)"]:
        raise TableMismatchError(
            f"Table {_name()} exists, but its key is {', '.join(keys)} and not order_id (S). "
            "Name another table in ORDERS_TABLE."
        )


def _missing_indexes(table: dict[str, Any]) -> list[Any]:
    present = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
    return [index for index in Order._get_schema()["global_secondary_indexes"] if index["index_name"] not in present]  # noqa: SLF001


def _add_index(index: Any) -> None:
    # PynamoDB sorts the keys by name; DynamoDB requires HASH before RANGE.
    keys = sorted(index["key_schema"], key=lambda key: key["KeyType"])
    create = {"IndexName": index["index_name"], "KeySchema": keys, "Projection": index["projection"]}
    dynamodb.update_table(
        AttributeDefinitions=index["attribute_definitions"],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )


def _wait_until_active() -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    # Right after its creation, DynamoDB may not find the table yet.
    while not (dynamodb.table_exists() and _is_active(dynamodb.describe_table())):
        if time.monotonic() > deadline:
            raise TableNotActiveError(
                f"Table {_name()} is not ACTIVE after {WAIT_SECONDS:.0f} s. Run this again to continue."
            )
        time.sleep(POLL_SECONDS)


def _is_active(table: dict[str, Any]) -> bool:
    parts = [table["TableStatus"], *(index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", []))]
    return all(status == "ACTIVE" for status in parts)

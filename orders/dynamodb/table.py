"""Operations on the table itself."""

from typing import Any

from botocore.exceptions import ClientError

from orders.dynamodb.client import connection, model
from orders.dynamodb.errors import UnsupportedOperationError, translated_errors
from orders.models import Order


def table_exists() -> bool:
    with translated_errors():
        return bool(model().exists())


def create_table() -> None:
    """Start creating the table with its indexes."""
    with translated_errors():
        model().create_table()


def describe_table() -> dict[str, Any]:
    table: dict[str, Any] = _call_client("describe_table")["Table"]
    return table


def update_table(**changes: Any) -> None:
    _call_client("update_table", **changes)


def enable_point_in_time_recovery() -> None:
    """Raises UnsupportedOperationError."""
    _call_client("update_continuous_backups", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})


def _call_client(operation: str, **kwargs: Any) -> dict[str, Any]:
    try:
        with translated_errors():
            client = connection().connection.client
            reply: dict[str, Any] = getattr(client, operation)(TableName=Order.Meta.table_name, **kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UnknownOperationException":
            raise
        raise UnsupportedOperationError(operation) from error
    return reply

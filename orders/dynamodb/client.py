"""The connection to the orders table."""

from pynamodb.connection.table import TableConnection

from orders.models import Order


def connection() -> TableConnection:
    """PynamoDB's connection to the orders table, created at first use and shared by all threads of the process."""
    return Order._get_connection()  # noqa: SLF001 (PynamoDB has no public method for it)

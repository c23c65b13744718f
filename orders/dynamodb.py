"""The one door to DynamoDB: a call, and what its failures mean for an order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import PynamoDBException

from orders.errors import StoreUnavailableError
from orders.models import Order

# The engine's own words for "not now": all the retries have been spent when one of these reaches us. A table that is
# not there is among them, for a deploy that has yet to create it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ResourceNotFoundException",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)
SERVER_ERROR = 500


class ConditionRefusedError(Exception):
    """A conditional write did not happen; `order` is what stands in the table, None where there is nothing."""

    def __init__(self, order: Order | None, *, retried: bool) -> None:
        super().__init__("the condition of a write did not hold")
        self.order = order
        self.retried = retried
        """Whether the call was sent more than once, so that the first one may have done the work unheard."""


def connection() -> TableConnection:
    """PynamoDB's connection to the orders' table, made at first use and shared by all threads of the process."""
    return Order._get_connection()  # noqa: SLF001 (the only way PynamoDB offers to it)


def write(operation: str, order_id: str, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 (PynamoDB's own untyped parts)
    """Carry out one conditional write; `parts` are those of PynamoDB's `get_operation_kwargs`.

    Raises ConditionRefusedError, holding the order that refused it: the refusal brings it back, so telling "gone" from
    "moved on" takes no second read. PynamoDB's own methods cannot ask for that, hence the detour through `dispatch`.
    """
    kwargs = connection().get_operation_kwargs(order_id, return_values_on_condition_failure="ALL_OLD", **parts)
    try:
        with faults_as_order_errors():
            return connection().connection.dispatch(operation, kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise _refusal(error) from None


def _refusal(error: ClientError) -> ConditionRefusedError:
    # PynamoDB keeps the code only; the reply itself is on the error that it wraps.
    reply: Any = error.__cause__.response if isinstance(error.__cause__, ClientError) else error.response
    item = reply.get("Item")
    retried = reply["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return ConditionRefusedError(Order.from_raw_data(item) if item else None, retried=retried)


@contextmanager
def faults_as_order_errors() -> Iterator[None]:
    """Raises StoreUnavailableError for what passes by itself; anything else comes through as it is."""
    try:
        yield
    except (ClientError, BotoCoreError, PynamoDBException) as error:
        if _is_transient(error):
            raise StoreUnavailableError(str(error)) from error
        raise


def _is_transient(error: Exception) -> bool:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    root = cause.__cause__ if cause is not None and isinstance(cause.__cause__, ClientError) else cause
    if isinstance(root, ClientError):
        status = root.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return root.response["Error"]["Code"] in TRANSIENT_CODES or status >= SERVER_ERROR
    # No answer at all: refused, timed out, cut off. Missing credentials or region do not pass by themselves.
    return isinstance(root, BotoCoreError) and not isinstance(root, NoCredentialsError | NoRegionError)

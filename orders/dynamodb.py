"""All calls to DynamoDB. No other module of this package sends any.

Every function raises StoreUnavailableError for a temporary fault and StoreMisconfiguredError for a wrong configuration.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from ssl import SSLCertVerificationError
from typing import Any

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator
from urllib3.exceptions import LocationValueError

from orders.errors import StoreMisconfiguredError, StoreUnavailableError
from orders.models import Order
from orders.reading import Item, StoredOrder, UnreadableOrder, read_order

# Temporary errors, raised after the last retry. A missing table is one of them, because a deploy may be creating it.
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

# No response, an incomplete response, or no credentials from the service that issues them. All other botocore errors
# are permanent until the configuration changes.
NO_RESPONSE = (
    aws.CapacityNotAvailableError,
    aws.ChecksumError,
    aws.ConnectionError,
    aws.CredentialRetrievalError,
    aws.HTTPClientError,
    aws.IncompleteReadError,
    aws.MetadataRetrievalError,
)
# botocore wraps these in errors of the classes above: an invalid address, a certificate that is not trusted, a missing
# certificate file.
MISTAKES = (LocationValueError, SSLCertVerificationError, FileNotFoundError)

ADVICE = {
    aws.ProfileNotFound: "Unset AWS_PROFILE, or add the profile to ~/.aws/config.",
    aws.ConfigParseError: "Correct that file, or name another one in AWS_CONFIG_FILE.",
    aws.NoCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    aws.PartialCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.",
    aws.NoRegionError: "Set AWS_REGION.",
    aws.InvalidRegionError: "Correct AWS_REGION.",
    aws.SSLError: "Check AWS_CA_BUNDLE and the certificate of the server or of the proxy in between.",
    aws.HTTPClientError: "Correct HTTP_PROXY, HTTPS_PROXY or AWS_ENDPOINT_URL_DYNAMODB.",
}
DEFAULT_ADVICE = "Check the AWS_ variables of this process and ~/.aws/config."

BATCH_GET_LIMIT = 100
"""The maximum number of keys in one BatchGetItem."""
UNPROCESSED_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each retry of the keys that a BatchGetItem left unprocessed. Exponential, as AWS recommends:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

REPORTED_ORDERS = 1_000

logger = logging.getLogger(__name__)


class UnsupportedOperationError(Exception):
    """The engine does not support this operation. A local engine may lack some that DynamoDB has."""


class ConditionRefusedError(Exception):
    """The condition of a write was false. `order` is the current order; None if it does not exist."""

    def __init__(self, order: StoredOrder | None, *, retried: bool) -> None:
        super().__init__("the condition of a write was false")
        self.order = order
        self.retried = retried
        """Whether the call was sent more than once, so that an earlier attempt may have succeeded."""


def connection() -> TableConnection:
    """PynamoDB's connection to the orders table, created at first use and shared by all threads of the process."""
    return Order._get_connection()  # noqa: SLF001 (PynamoDB has no public method for it)


def write(operation: str, order_id: str, **parts: Any) -> dict[str, Any]:
    """Make one conditional write. `parts` are arguments of PynamoDB's `get_operation_kwargs`.

    Raises ConditionRefusedError with the current order, which DynamoDB returns with the failure. PynamoDB's own methods
    cannot request it, so this calls `dispatch`.
    """
    kwargs = connection().get_operation_kwargs(order_id, return_values_on_condition_failure="ALL_OLD", **parts)
    try:
        with _translated_errors():
            return connection().connection.dispatch(operation, kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise _refusal(error) from None


def _refusal(error: ClientError) -> ConditionRefusedError:
    # PynamoDB's error has only the code; the response is on the error that it wraps.
    reply: Any = error.__cause__.response if isinstance(error.__cause__, ClientError) else error.response
    item = reply.get("Item")
    retried = reply["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return ConditionRefusedError(read(item) if item else None, retried=retried)


def read(item: Item) -> StoredOrder:
    """The item as an order. An UnreadableOrder is also logged, once per process."""
    order = read_order(item)
    if isinstance(order, UnreadableOrder):
        _report(order.order_id, order.reasons)
    return order


@lru_cache(maxsize=REPORTED_ORDERS)
def _report(order_id: str, reasons: tuple[str, ...]) -> None:
    # The cache limits each order to one line; its size limits the memory used.
    logger.warning("Order %s cannot be read: %s", order_id, " ".join(reasons))


def get(order_id: str) -> Item | None:
    """The current item (a consistent read); None if it does not exist."""
    with _translated_errors():
        item: Item | None = connection().get_item(order_id, consistent_read=True).get("Item")
    return item


def query(  # noqa: PLR0913 (the parameters of one Query)
    index: Any,
    partition: str,
    in_range: Condition,
    *,
    limit: int | None = None,
    page_size: int | None = None,
    newest_first: bool = False,
    start_key: Item | None = None,
) -> Iterator[Item]:
    """The items in one partition of an index, at most `limit`. Pages are read during iteration."""
    parts = {
        "range_key_condition": in_range,
        "index_name": index.Meta.index_name,
        "limit": page_size or limit,
        "scan_index_forward": not newest_first,
        "exclusive_start_key": start_key,
    }
    with _translated_errors():
        yield from ResultIterator(connection().query, (partition,), parts, limit=limit)


def count(index: Any, partition: str, in_range: Condition, *, cap: int) -> int:
    """The number of items in a range of one partition of an index; `cap` means that many or more."""
    # PynamoDB's own count() ignores its limit and reads to the end of the partition.
    total, start = 0, None
    while total < cap:
        with _translated_errors():
            reply = connection().query(
                partition,
                in_range,
                index_name=index.Meta.index_name,
                limit=cap - total,
                select="COUNT",
                exclusive_start_key=start,
            )
        total += reply["Count"]
        start = reply.get("LastEvaluatedKey")
        if not start:
            break
    return total


def batch_get(order_ids: Iterable[str]) -> Iterator[Item]:
    """The items with these ids (at most BATCH_GET_LIMIT) in any order, without those that do not exist."""
    # PynamoDB's own batch_get() retries unprocessed keys without a pause or a limit.
    keys: list[Any] = [{"order_id": order_id} for order_id in order_ids]
    for seconds in (0.0, *UNPROCESSED_WAITS):
        time.sleep(seconds)
        with _translated_errors():
            reply = connection().batch_get_item(keys)
        yield from reply["Responses"][Order.Meta.table_name]
        keys = reply["UnprocessedKeys"].get(Order.Meta.table_name, {}).get("Keys", [])
        if not keys:
            return
    raise StoreUnavailableError(f"BatchGetItem left {len(keys)} keys unprocessed")


def save_many(orders: Iterable[Order]) -> Iterator[Order]:
    """Write the orders unconditionally, 25 per call, and yield each. For seeding."""
    with _translated_errors(), Order.batch_write() as batch:
        for order in orders:
            batch.save(order)
            yield order


def ping() -> None:
    """Check with one small read that DynamoDB responds and the table exists."""
    with _translated_errors():
        connection().get_item("-", attributes_to_get=["order_id"])


# --- The table --------------------------------------------------------------------------------------------------------


def table_exists() -> bool:
    with _translated_errors():
        return bool(Order.exists())


def create_table() -> None:
    """Start creating the table with its indexes."""
    with _translated_errors():
        Order.create_table()


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
        with _translated_errors():
            client = connection().connection.client
            reply: dict[str, Any] = getattr(client, operation)(TableName=Order.Meta.table_name, **kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UnknownOperationException":
            raise
        raise UnsupportedOperationError(operation) from error
    return reply


# --- Errors -----------------------------------------------------------------------------------------------------------


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raises StoreUnavailableError for a temporary fault and StoreMisconfiguredError for a wrong configuration.

    Other errors are not changed.
    """
    try:
        yield
    except (ClientError, BotoCoreError, PynamoDBException) as error:
        root = _root(error)
        if _is_transient(root):
            raise StoreUnavailableError(str(error)) from error
        if isinstance(root, BotoCoreError) and not isinstance(root, aws.ParamValidationError):
            raise StoreMisconfiguredError(_configuration_sentence(root)) from error
        raise


def _root(error: Exception) -> BaseException | None:
    """The botocore error inside a PynamoDB error, which wraps it once or twice."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    return cause.__cause__ if cause is not None and isinstance(cause.__cause__, ClientError) else cause


def _is_transient(root: BaseException | None) -> bool:
    if isinstance(root, ClientError):
        status = root.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return root.response["Error"]["Code"] in TRANSIENT_CODES or status >= SERVER_ERROR
    return isinstance(root, NO_RESPONSE) and not _stems_from_a_mistake(root)


def _stems_from_a_mistake(error: BaseException) -> bool:
    beneath: BaseException | None = error
    while beneath is not None and not isinstance(beneath, MISTAKES):
        beneath = beneath.__cause__ or beneath.__context__
    return beneath is not None


def _configuration_sentence(root: BotoCoreError) -> str:
    advice = next((advice for kind, advice in ADVICE.items() if isinstance(root, kind)), DEFAULT_ADVICE)
    return f"DynamoDB cannot be used as configured: {str(root).rstrip('.')}. {advice}"

"""Operations on orders: one conditional write, and reads of one or many items."""

import logging
import random
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from orders.dynamodb.attempts import may_be_done
from orders.dynamodb.client import connection
from orders.dynamodb.errors import ConditionRefusedError, translated_errors
from orders.errors import StoreUnavailableError
from orders.models import Order
from orders.reading import Item, StoredOrder, UnreadableOrder, read_order

BATCH_GET_LIMIT = 100
"""The maximum number of keys in one BatchGetItem."""
BATCH_WRITE_LIMIT = 25
"""The maximum number of items in one BatchWriteItem."""
UNPROCESSED_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds, at most, before each retry of the keys that a batch left unprocessed. Exponential, as AWS recommends:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

REPORTED_ORDERS = 1_000

logger = logging.getLogger(__name__)


def write(operation: str, order_id: str, **parts: Any) -> dict[str, Any]:
    """Make one conditional write. `parts` are arguments of PynamoDB's `get_operation_kwargs`.

    Raises ConditionRefusedError with the current order, which DynamoDB returns with the failure. PynamoDB's own methods
    cannot request it, so this calls `dispatch`.
    """
    kwargs = connection().get_operation_kwargs(order_id, return_values_on_condition_failure="ALL_OLD", **parts)
    try:
        with translated_errors():
            return connection().connection.dispatch(operation, kwargs)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise _refusal(error) from None


def _refusal(error: ClientError) -> ConditionRefusedError:
    # PynamoDB's error has only the code; the response is on the error that it wraps.
    reply: Any = error.__cause__.response if isinstance(error.__cause__, ClientError) else error.response
    item = reply.get("Item")
    return ConditionRefusedError(read(item) if item else None, may_be_done=may_be_done(reply))


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
    with translated_errors():
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
    with translated_errors():
        yield from ResultIterator(connection().query, (partition,), parts, limit=limit)


def count(index: Any, partition: str, in_range: Condition, *, cap: int) -> int:
    """The number of items in a range of one partition of an index; `cap` means that many or more."""
    # PynamoDB's own count() ignores its limit and reads to the end of the partition.
    total, start = 0, None
    while total < cap:
        with translated_errors():
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
        time.sleep(random.uniform(0, seconds))  # noqa: S311 (spreads the retries of many callers)
        with translated_errors():
            reply = connection().batch_get_item(keys)
        # Absent if every key was left unprocessed.
        yield from reply.get("Responses", {}).get(Order.Meta.table_name, [])
        keys = reply.get("UnprocessedKeys", {}).get(Order.Meta.table_name, {}).get("Keys", [])
        if not keys:
            return
    raise StoreUnavailableError(f"BatchGetItem left {len(keys)} keys unprocessed")


def save_many(orders: Iterable[Order]) -> Iterator[Order]:
    """Write the orders unconditionally, 25 per call, and yield each. For seeding."""
    rest = iter(orders)
    while batch := list(islice(rest, BATCH_WRITE_LIMIT)):
        _save([order.serialize() for order in batch])
        yield from batch


def _save(items: list[Any]) -> None:
    # PynamoDB's own batch_write() retries unprocessed items at once, and only once.
    for seconds in (0.0, *UNPROCESSED_WAITS):
        time.sleep(random.uniform(0, seconds))  # noqa: S311 (as above)
        with translated_errors():
            reply = connection().batch_write_item(put_items=items)
        left = reply.get("UnprocessedItems", {}).get(Order.Meta.table_name, [])
        if not left:
            return
        items = [request["PutRequest"]["Item"] for request in left]
    raise StoreUnavailableError(f"BatchWriteItem left {len(items)} items unprocessed")


def ping() -> None:
    """Check with one small read that DynamoDB responds and the table exists."""
    with translated_errors():
        connection().get_item("-", attributes_to_get=["order_id"])

"""How errors that DynamoDB returns are translated."""

import json
from functools import partial

import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from orders import store
from orders.dynamodb import operations
from orders.errors import StoreUnavailableError
from tests.contract.fault_proxy import aws_error
from tests.contract.order_helpers import all_orders, place, place_many


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ReplicatedWriteConflictException"),
        (400, "RequestTimeout"),
        (400, "SlowDown"),
        (400, "ThrottledException"),
        (400, "Throttling"),
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_throttling_and_outages_raise_store_unavailable_after_the_retries(proxy, status, code):
    proxy.change("PutItem", *[aws_error(status, code)] * 3)
    with pytest.raises(StoreUnavailableError) as refusal:
        place()
    assert code in refusal.value.reason
    assert proxy.operations == ["PutItem"] * 3


@pytest.mark.parametrize("code", ["InvalidSignatureException", "TransactionConflictException"])
def test_a_temporary_error_that_is_not_retried_raises_store_unavailable(proxy, code):
    proxy.change("PutItem", aws_error(400, code))
    with pytest.raises(StoreUnavailableError) as refusal:
        place()
    assert code in refusal.value.reason
    assert proxy.operations == ["PutItem"]


def test_an_error_without_a_known_code_is_temporary_if_its_status_is(proxy):
    proxy.change("PutItem", *[aws_error(429, "Unknown")] * 3)
    with pytest.raises(StoreUnavailableError):
        place()


def leave_unwritten(proxy):
    """The response of a BatchWriteItem that has written nothing."""
    items = json.loads(proxy.bodies[-1])["RequestItems"]
    return 200, {}, json.dumps({"UnprocessedItems": items}).encode()


def test_items_that_a_batch_left_unprocessed_are_written_again(proxy):
    proxy.refuse("BatchWriteItem", *[partial(leave_unwritten, proxy)] * 2)
    orders = place_many(3)
    assert set(all_orders()) == {order.order_id for order in orders}
    assert proxy.operations.count("BatchWriteItem") == 3


def test_a_batch_fails_if_an_item_stays_unprocessed(proxy, monkeypatch):
    monkeypatch.setattr(operations, "UNPROCESSED_WAITS", (0, 0, 0))
    proxy.refuse("BatchWriteItem", *[partial(leave_unwritten, proxy)] * 10)
    with pytest.raises(StoreUnavailableError) as refusal:
        place_many(2)
    assert refusal.value.reason == "BatchWriteItem left 2 items unprocessed"
    assert proxy.operations.count("BatchWriteItem") == 4


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "UnrecognizedClientException"])
def test_permanent_errors_are_not_translated(proxy, code):
    proxy.change("PutItem", aws_error(400, code))
    with pytest.raises(ClientError, match=code):
        place()
    proxy.change("GetItem", aws_error(400, code))
    with pytest.raises(PynamoDBException, match=code):
        store.get("x")
    assert proxy.operations == ["PutItem", "GetItem"]

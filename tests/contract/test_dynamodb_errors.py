"""How errors that DynamoDB returns are translated."""

import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from orders import store
from orders.errors import StoreUnavailableError
from tests.contract.fault_proxy import aws_error
from tests.contract.order_helpers import place


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


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "UnrecognizedClientException"])
def test_permanent_errors_are_not_translated(proxy, code):
    proxy.change("PutItem", aws_error(400, code))
    with pytest.raises(ClientError, match=code):
        place()
    proxy.change("GetItem", aws_error(400, code))
    with pytest.raises(PynamoDBException, match=code):
        store.get("x")
    assert proxy.operations == ["PutItem", "GetItem"]

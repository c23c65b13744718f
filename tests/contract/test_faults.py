"""What an error of DynamoDB's own means."""

import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from orders import store
from orders.errors import StoreUnavailableError
from tests.contract.fault_proxy import refused
from tests.contract.order_helpers import place


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_throttling_and_outages_that_outlast_the_retries_are_unavailable(way, status, code):
    way.change("PutItem", *[refused(status, code)] * 3)
    with pytest.raises(StoreUnavailableError) as refusal:
        place()
    assert code in refusal.value.reason
    assert way.operations == ["PutItem"] * 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "UnrecognizedClientException"])
def test_an_error_that_does_not_pass_by_itself_comes_through_as_it_is(way, code):
    way.change("PutItem", refused(400, code))
    with pytest.raises(ClientError, match=code):
        place()
    way.change("GetItem", refused(400, code))
    with pytest.raises(PynamoDBException, match=code):
        store.get("x")
    assert way.operations == ["PutItem", "GetItem"]

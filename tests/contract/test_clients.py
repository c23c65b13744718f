"""The lean client and stock botocore send the same requests and return the same results and errors."""

import calendar
import json
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from orders import counts, listing, store
from orders.dynamodb import connection
from orders.dynamodb.signing import CONTENT_TYPE, Signer
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.fault_proxy import as_content, aws_error, drop_response, fault_proxy
from tests.contract.order_helpers import all_orders, other_engine, place_many, placed

TABLE = "Orders"
ORDER_ID = "6b1d9c1c-1111-4222-8333-444455556666"
CAPACITY = {"ReturnConsumedCapacity": "TOTAL"}
KEY = {"order_id": {"S": "a"}}
ITEM = {
    **KEY,
    "text": {"S": 'Grüße, 你好 \U0001f600 "\\ \u2028'},
    "number": {"N": "12345678901234567890.5"},
    "binary": {"B": b"\x00\xff B"},
    # One element each, because the order of several is not defined.
    "binaries": {"BS": [b"1"]},
    "texts": {"SS": ["x"]},
    "numbers": {"NS": ["2.5"]},
    "nothing": {"NULL": True},
    "truth": {"BOOL": False},
    "list": {"L": [{"S": "x"}, {"B": b"in a list"}, {"M": {"B": {"S": "a key named B"}}}]},
    "map": {"M": {"deep": {"M": {"binary": {"B": b"deep"}}}, "empty": {"M": {}}, "none": {"L": []}}},
    "status_key": {"S": "PENDING#0"},
    "created_key": {"S": "2026-11-22T10:15:30.123456Z#a"},
}
QUERY = {
    "TableName": TABLE,
    "IndexName": "by_status",
    "KeyConditionExpression": "status_key = :key",
    "ExpressionAttributeValues": {":key": {"S": "PENDING#0"}},
}
IS_NEW = {"ConditionExpression": "attribute_not_exists(order_id)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
SET_TEXT = {
    "UpdateExpression": "SET #t = :t",
    "ExpressionAttributeNames": {"#t": "text"},
    "ExpressionAttributeValues": {":t": {"S": "new"}},
}
STATEMENT = {
    "Statement": 'UPDATE "Orders" SET "text" = ? WHERE "order_id" = ?',
    "Parameters": [{"S": "p"}, {"S": "a"}],
}
UNKNOWN = {**STATEMENT, "Parameters": [{"S": "p"}, {"S": "unknown"}]}

# Each call finds what the previous ones have left.
CALLS = [
    ("get_item", {"TableName": TABLE, "Key": KEY}),
    ("get_item", {"TableName": TABLE, "Key": KEY, **CAPACITY}),
    ("put_item", {"TableName": TABLE, "Item": ITEM, **CAPACITY}),
    ("put_item", {"TableName": TABLE, "Item": ITEM, **IS_NEW}),
    ("put_item", {"TableName": TABLE, "Item": ITEM, "ReturnValues": "ALL_OLD", **CAPACITY}),
    ("get_item", {"TableName": TABLE, "Key": KEY, "ConsistentRead": True, **CAPACITY}),
    ("get_item", {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "quantity", **CAPACITY}),
    ("update_item", {"TableName": TABLE, "Key": KEY, **SET_TEXT, "ReturnValues": "ALL_OLD", **CAPACITY}),
    ("update_item", {"TableName": TABLE, "Key": KEY, **SET_TEXT, "ReturnValues": "UPDATED_NEW"}),
    ("update_item", {"TableName": TABLE, "Key": KEY, **SET_TEXT, **IS_NEW}),
    ("batch_write_item", {"RequestItems": {TABLE: [{"PutRequest": {"Item": {**ITEM, "order_id": {"S": "b"}}}}]}}),
    ("query", {**QUERY, **CAPACITY}),
    ("query", {**QUERY, "Limit": 1, "ScanIndexForward": False}),
    ("query", {**QUERY, "Select": "COUNT", **CAPACITY}),
    ("query", {**QUERY, "ExpressionAttributeValues": {":key": {"S": "nothing"}}}),
    ("query", {**QUERY, "ExclusiveStartKey": {k: ITEM[k] for k in ("order_id", "status_key", "created_key")}}),
    ("scan", {"TableName": TABLE, "FilterExpression": "attribute_exists(nothing)", "Limit": 5}),
    ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY, {"order_id": {"S": "unknown"}}]}}, **CAPACITY}),
    ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [{"order_id": {"S": "unknown"}}]}}}),
    ("batch_execute_statement", {"Statements": [STATEMENT, UNKNOWN]}),
    ("delete_item", {"TableName": TABLE, "Key": KEY, **IS_NEW}),
    ("delete_item", {"TableName": TABLE, "Key": KEY, "ReturnValues": "ALL_OLD", **CAPACITY}),
    ("delete_item", {"TableName": TABLE, "Key": KEY, **CAPACITY}),
    ("delete_item", {"TableName": TABLE, "Key": KEY, "ConditionExpression": "attribute_exists(order_id)"}),
    ("get_item", {"TableName": "Missing", "Key": KEY}),
    ("get_item", {"TableName": TABLE, "Key": {"wrong": {"S": "a"}}}),
    ("put_item", {"TableName": TABLE, "Item": {"order_id": {"S": ""}}}),
    ("query", {**QUERY, "IndexName": "missing"}),
    ("update_item", {"TableName": TABLE, "Key": KEY, "UpdateExpression": "nonsense"}),
    ("describe_table", {"TableName": TABLE}),
    ("update_continuous_backups", {"TableName": TABLE, "PointInTimeRecoverySpecification": {}}),
]


FAULTS = {
    "a lost response": [drop_response],
    "two lost responses": [drop_response, drop_response],
    "only lost responses": [drop_response] * 3,
    "a server error": [aws_error(500, "InternalServerError")],
    "only server errors": [aws_error(500, "InternalServerError")] * 3,
    "a throttle": [aws_error(400, "ThrottlingException")],
    "a gateway without an error code": [as_content(lambda _: b"{}", status=504)],
    "a conflict": [aws_error(400, "ReplicatedWriteConflictException")],
    "a conflict that is not repeated": [aws_error(400, "TransactionConflictException")],
    "a status of its own": [aws_error(429, "Unknown")],
    "expired credentials": [aws_error(400, "ExpiredTokenException")],
    "credentials that stay expired": [aws_error(400, "ExpiredTokenException")] * 2,
    "different faults": [drop_response, aws_error(500, "InternalServerError")],
    "a broken reply": [as_content(lambda content: content[:-3])],
    "no access": [aws_error(400, "AccessDeniedException")],
}


def outcome(operation, params):
    """What a call returns or raises, without what differs between any two calls."""
    try:
        reply = getattr(connection().connection.client, operation)(**params)
    except ClientError as error:
        return type(error).__name__, str(error), comparable(error.response)
    except BotoCoreError as error:
        return type(error).__name__
    return comparable(reply)


def comparable(reply):
    metadata = dict(reply["ResponseMetadata"])
    content_type = metadata.pop("HTTPHeaders")["content-type"]
    identified = bool(metadata.pop("RequestId", ""))
    return {**reply, "ResponseMetadata": {**metadata, "content-type": content_type, "identified": identified}}


def run(name, engine, settings, calls, *faults):
    """The outcomes of the calls with this client, and the requests that it sent."""
    settings.ORDERS_DYNAMODB_CLIENT = name
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        for order_id in ("a", "b"):
            outcome("delete_item", {"TableName": TABLE, "Key": {"order_id": {"S": order_id}}})
        first = len(proxy.requests)
        for operation, *changes in faults:
            proxy.change(operation, *changes)
        outcomes = [outcome(*call) for call in calls]
        names = "Host", "X-Amz-Target", "Content-Type", "Accept-Encoding", "User-Agent", "Content-Length"
        headers = [{each: request.get(each) for each in names} for request in proxy.requests[first:]]
        for request in headers:
            request["Host"] = request["Host"].partition(":")[0]
        return outcomes, headers, [json.loads(body) for body in proxy.bodies[first:]]


@pytest.mark.usefixtures("table")
def test_both_clients_send_the_same_requests_and_return_the_same(engine, settings):
    lean, stock = (run(name, engine, settings, CALLS) for name in ("lean", "botocore"))
    for call, ours, theirs in zip(CALLS, lean[0], stock[0], strict=True):
        assert ours == theirs, call
    assert lean[1:] == stock[1:]
    refused = [each for each in lean[0] if isinstance(each, tuple)]
    assert len(refused) == 10


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("call", [("update_item", CALLS[7][1]), ("put_item", CALLS[3][1])], ids=["any", "if new"])
def test_both_clients_make_the_same_attempts_and_report_their_number(engine, settings, call, faults):
    operation = {"update_item": "UpdateItem", "put_item": "PutItem"}[call[0]]
    lean, stock = (run(name, engine, settings, [call], (operation, *faults)) for name in ("lean", "botocore"))
    assert lean == stock


@pytest.mark.usefixtures("table")
def test_the_store_sends_the_same_requests_with_both_clients(engine, settings):
    lean, stock = (stored_with(name, engine, settings) for name in ("lean", "botocore"))
    assert lean == stock
    assert {operation for operation, _ in lean} == {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    }


def stored_with(name, engine, settings):
    """What this client sends for calls of the store and of lists."""
    settings.ORDERS_DYNAMODB_CLIENT = name
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        place_many(2)
        order = placed(order_id=ORDER_ID, customer_email="ann@example.com", status=Status.PROCESSING)
        store.get(order.order_id)
        for filters in (Filters(), Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")):
            listing.page(filters, limit=5)
        counts.count(Status.PENDING)
        store.delete(order.order_id, versions={2})
        requests = list(zip(proxy.operations, map(json.loads, proxy.bodies), strict=True))
    for order_id in all_orders():
        store.delete(order_id)
    return requests


# --- Signatures -------------------------------------------------------------------------------------------------------

WORD = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
HOSTS = st.sampled_from(
    [
        "https://dynamodb.ap-south-1.amazonaws.com",
        "https://123456789012.ddb.us-east-1.amazonaws.com/",
        "https://dynamodb.us-gov-west-1.amazonaws.com:443/",
        "http://LocalHost:8000",
        "http://localhost:80/",
        "http://[::1]:8000/",
        "http://user@127.0.0.1:4566/a//b/../c%20d/~e",
    ]
)


@given(
    url=HOSTS,
    body=st.binary(max_size=300),
    target=WORD,
    access_key=WORD,
    secret_key=WORD,
    token=st.none() | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60),
    region=st.sampled_from(["ap-south-1", "us-east-1"]),
)
def test_a_signature_is_the_one_of_botocore(url, body, target, access_key, secret_key, token, region):  # noqa: PLR0913, PLR0917
    credentials = Credentials(access_key, secret_key, token).get_frozen_credentials()
    request = AWSRequest("POST", url, headers={"Content-Type": CONTENT_TYPE, "X-Amz-Target": target}, data=body)
    SigV4Auth(credentials, "dynamodb", region).add_auth(request)

    moment = calendar.timegm(time.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ"))
    ours = Signer(url, region=region, service="dynamodb").headers(target, body, credentials, at=moment)

    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]

"""The faults of the soak test happen as often as documented, and as they are described."""

import http.client
import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from soak import faults, proxy
from soak.proxy import Faults
from tests.contract.order_helpers import ids, place_many

CREDENTIAL = "Credential=local/20200101/ap-south-1/dynamodb/aws4_request"


@pytest.fixture
def call(engine, monkeypatch):
    """Sends one call through the proxy, which always injects the fault. Returns status, headers and body."""

    def call(operation, request, *, fault):
        monkeypatch.setattr(proxy, "SHARES", {fault: 1.0})
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        with (
            proxy.proxy(urlsplit(engine).port, Faults(seed=1)) as server,
            closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)) as connection,
        ):
            connection.request("POST", "/", json.dumps(request), headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()

    return call


def test_a_call_without_a_fault_is_forwarded(call, made_table):
    status, headers, body = call("ListTables", {}, fault="unchanged")
    assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.0")
    assert "Orders" in json.loads(body)["TableNames"]


def test_a_page_replaces_the_reply(call):
    status, headers, body = call("ListTables", {}, fault="html")
    assert (status, headers["Content-Type"], body) == (200, "text/html", proxy.HTML)


def test_a_reply_arrives_byte_by_byte_and_ends_early(call, monkeypatch, made_table):
    monkeypatch.setattr(proxy, "TRICKLE_PAUSE", 0.01)
    monkeypatch.setattr(proxy, "TRICKLE_BYTES", 5)
    with pytest.raises(http.client.IncompleteRead) as error:
        call("ListTables", {}, fault="trickle")
    assert error.value.partial == b'{"Tab'


def test_a_call_that_stalls_gets_no_reply(call, monkeypatch):
    monkeypatch.setattr(proxy, "STALL", 0.01)
    with pytest.raises(http.client.RemoteDisconnected):
        call("ListTables", {}, fault="stall")


def test_the_last_item_of_a_batch_is_unprocessed(call, table):
    keys = [{"order_id": {"S": order_id}} for order_id in ids(place_many(2))]
    _, headers, body = call("BatchGetItem", {"RequestItems": {"Orders": {"Keys": keys}}}, fault="unprocessed")
    document = json.loads(body)
    [item] = document["Responses"]["Orders"]
    [key] = document["UnprocessedKeys"]["Orders"]["Keys"]
    assert [{"order_id": item["order_id"]}, key] in (keys, keys[::-1])
    assert "x-amz-crc32" not in headers


def test_the_same_seed_draws_the_same_faults():
    first, second = Faults(seed=7), Faults(seed=7)
    drawn = [first.draw("GetItem") for _ in range(2_000)]
    assert drawn == [second.draw("GetItem") for _ in range(2_000)]
    assert set(drawn) == {None, *proxy.SHARES}
    assert first.counts == second.counts


def test_a_fault_can_be_omitted():
    faults = Faults(seed=7, omitted={"trickle"})
    assert {faults.draw("GetItem") for _ in range(2_000)} == {None, *proxy.SHARES} - {"trickle"}


def test_the_shares_of_the_rules_are_those_of_all_calls():
    left, shares = 1.0, []
    for rule in faults.rules():
        if "operation" not in rule:
            shares.append(left * rule["probability"])
            left -= shares[-1]
    assert shares == pytest.approx([share for share, _ in faults.SHARES])


def test_the_reply_of_each_kind_of_write_can_be_lost():
    lost = {rule["operation"]: rule["probability"] for rule in faults.rules() if "operation" in rule}
    assert lost == dict.fromkeys(faults.WRITES, faults.LOST_REPLIES)

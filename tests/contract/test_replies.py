"""Replies that are broken, or are not from DynamoDB, are never believed: the call is retried, then unavailable."""

import pytest

from orders import dynamodb, listing, store
from orders.errors import StoreUnavailableError
from orders.lifecycle import Status
from tests.contract.fault_proxy import as_content
from tests.contract.order_helpers import BY, LATER, all_orders, ids, place, place_many, placed, stored

HTML = b"<html><body>Please sign in.</body></html>"

BROKEN = {
    "cut off": as_content(lambda content: content[:-10]),
    "shorter than its length": as_content(lambda content: content[:-10], Content_Length="5000"),
    "not UTF-8": as_content(lambda content: b'\xff"' + content),
    "not JSON": as_content(lambda content: content.replace(b":", b";")),
    "a page of HTML": as_content(lambda _: HTML),
    "a JSON array": as_content(lambda _: b"[]"),
    "an empty object": as_content(lambda _: b"{}"),
    "empty": as_content(lambda _: b""),
    "of another service": as_content(lambda _: b'{"status": "ok"}'),
    "with a wrong checksum": as_content(lambda content: content, x_amz_crc32="1"),
    "an error page of a proxy": lambda _: (502, {"Content-Type": "text/html"}, HTML),
    "a refusal page of a proxy": lambda _: (400, {"Content-Type": "text/html"}, b"\xff" + HTML),
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN.keys())
def broken(request):
    return request.param


def test_an_order_is_found_although_a_reply_is_broken(proxy, broken):
    order = placed()
    proxy.change("GetItem", broken)
    assert store.get(order.order_id).item == order.item
    assert proxy.operations == ["PutItem", "GetItem", "GetItem"]


def test_an_order_is_placed_once_and_is_not_a_replay_although_a_reply_is_broken(proxy, broken):
    proxy.change("PutItem", broken)
    placement = place()
    assert placement.replayed is False
    assert set(all_orders()) == {placement.order.order_id}


def test_a_status_is_changed_once_although_a_reply_is_broken(proxy, broken):
    order = placed()
    proxy.change("UpdateItem", broken)
    assert store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY).version == 2
    assert len(store.get(order.order_id).history) == 2


def test_an_order_is_deleted_although_a_reply_is_broken(proxy, broken):
    order = placed()
    proxy.change("DeleteItem", broken)
    store.delete(order.order_id)
    assert stored(order.order_id) is None


def test_a_list_is_complete_although_a_reply_is_broken(proxy, broken):
    orders = place_many(3)
    proxy.change("Query", broken)
    assert ids(listing.page(listing.Filters(), limit=5).orders) == ids(orders)


def test_orders_are_read_by_id_although_a_reply_is_broken(proxy, broken):
    orders = place_many(3)
    proxy.change("BatchGetItem", broken)
    assert ids(listing.get_many(ids(orders))) == ids(orders)


def test_orders_are_saved_although_a_reply_is_broken(proxy, broken):
    proxy.change("BatchWriteItem", broken)
    assert len(place_many(3)) == 3
    assert len(all_orders()) == 3


def test_the_table_is_described_although_a_reply_is_broken(proxy, broken):
    proxy.change("DescribeTable", broken)
    assert dynamodb.describe_table()["TableStatus"] == "ACTIVE"


CALLS = {
    "GetItem": lambda: store.get("x"),
    "PutItem": place,
    "Query": lambda: listing.page(listing.Filters(), limit=5),
    "DescribeTable": dynamodb.describe_table,
}


@pytest.mark.parametrize(("operation", "call"), CALLS.items(), ids=CALLS.keys())
def test_a_call_is_unavailable_if_every_reply_is_broken(proxy, broken, operation, call):
    proxy.change(operation, broken, broken, broken)
    with pytest.raises(StoreUnavailableError):
        call()
    assert proxy.operations == [operation] * 3


def test_the_reason_is_reported(proxy):
    proxy.change("GetItem", *[as_content(lambda _: HTML)] * 3)
    with pytest.raises(StoreUnavailableError) as refusal:
        store.get("x")
    assert "GetItem" in refusal.value.reason
    assert "not JSON" in refusal.value.reason


def test_a_page_without_its_items_is_broken(proxy):
    place_many(2)
    proxy.change("Query", as_content(lambda content: content.replace(b'"Count":2', b'"Count":3')))
    assert len(listing.page(listing.Filters(), limit=5).orders) == 2
    assert proxy.operations.count("Query") == 2

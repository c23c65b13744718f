"""What each access to one order costs, in calls and in the capacity that the engine reports."""

from datetime import timedelta

import pytest

from orders import counts, dynamodb, expiry, listing, store
from orders.errors import OrderError
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import BY, LATER, NOW, move, place, place_many, placed

MINUTE = timedelta(minutes=1)
EMAILS = pytest.mark.parametrize("email", ["", "ann@example.com"], ids=["no e-mail", "e-mail"])


@pytest.mark.parametrize(("email", "units"), [("", 3.0), ("ann@example.com", 4.0)], ids=["no e-mail", "e-mail"])
def test_placing_an_order_takes_one_call(traffic, email, units):
    place(customer_email=email)
    assert list(traffic) == [("PutItem", units)]


@EMAILS
def test_getting_an_order_takes_one_consistent_read(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.get(order.order_id)
    # An eventually consistent read would cost half.
    assert list(traffic) == [("GetItem", 1.0)]


@EMAILS
def test_changing_the_status_takes_one_call_and_does_not_write_to_the_customers_index(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions={1})
    # The table takes 1, by_created 1, and by_status 2, because the order moves from one partition to another.
    assert list(traffic) == [("UpdateItem", 4.0)]


@EMAILS
def test_expiring_an_order_takes_one_call(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.expire(order.order_id, at=LATER, by=BY)
    assert list(traffic) == [("UpdateItem", 4.0)]


@pytest.mark.parametrize(("email", "units"), [("", 3.0), ("ann@example.com", 4.0)], ids=["no e-mail", "e-mail"])
def test_deleting_an_order_takes_one_call(traffic, email, units):
    order = placed(customer_email=email)
    traffic.clear()
    store.delete(order.order_id)
    assert list(traffic) == [("DeleteItem", units)]


@pytest.mark.parametrize(
    ("refused", "operation"),
    [
        (lambda order_id: store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY), "UpdateItem"),
        (
            lambda order_id: store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY, versions={9}),
            "UpdateItem",
        ),
        (lambda _: store.change_status("unknown", Status.PROCESSING, at=LATER, by=BY), "UpdateItem"),
        (lambda order_id: store.delete(order_id, versions={9}), "DeleteItem"),
        (lambda _: store.delete("unknown"), "DeleteItem"),
        (lambda order_id: place(order_id=order_id, item="Kettle"), "PutItem"),
    ],
    ids=["illegal", "stale", "unknown", "stale delete", "unknown delete", "key reused"],
)
def test_a_refused_write_takes_one_call_and_no_read(traffic, refused, operation):
    order = placed()
    traffic.clear()
    with pytest.raises(OrderError):
        refused(order.order_id)
    assert traffic.operations == [operation]


# --- Never a Scan -----------------------------------------------------------------------------------------------------


def test_requests_and_the_sweep_never_scan_the_table(traffic):
    order_ids = [order.order_id for order in place_many(5, customer_email="ann@example.com")]
    move(order_ids[0], Status.PROCESSING)
    store.get(order_ids[0])
    dynamodb.ping()
    for filters in (
        Filters(),
        Filters(status=Status.PENDING),
        Filters(customer_email="ann@example.com", status=Status.PENDING),
        Filters(created_after=NOW - MINUTE),
    ):
        list(listing.walk(filters, limit=500))
    listing.get_many(order_ids)
    counts.count()
    counts.status_counts()
    expiry.sweep(at=NOW, age=MINUTE, limit=2)
    expiry.sweep(at=NOW, age=MINUTE)
    store.delete(order_ids[0])

    allowed = {"BatchWriteItem", "UpdateItem", "GetItem", "Query", "BatchGetItem", "DeleteItem"}
    assert set(traffic.operations) <= allowed
    assert {"Query", "UpdateItem", "DeleteItem"} <= set(traffic.operations)


def test_a_sweep_takes_one_query_and_expires_only_due_orders(traffic):
    place_many(7)
    traffic.clear()
    swept = expiry.sweep(at=NOW + timedelta(hours=60), age=timedelta(hours=60))
    assert swept.expired == 6
    assert traffic.operations.count("Query") == 1

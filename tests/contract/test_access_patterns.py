"""What each access to one order costs, in calls and in the capacity that the engine itself reports."""

from datetime import timedelta

import pytest

from orders import counts, dynamodb, expiry, listing, store
from orders.errors import OrderError
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import BY, LATER, NOW, crowd, move, place, placed

MINUTE = timedelta(minutes=1)
EMAILS = pytest.mark.parametrize("email", ["", "ann@example.com"], ids=["no e-mail", "e-mail"])


@pytest.mark.parametrize(("email", "units"), [("", 3.0), ("ann@example.com", 4.0)], ids=["no e-mail", "e-mail"])
def test_placing_is_one_call(traffic, email, units):
    place(customer_email=email)
    assert list(traffic) == [("PutItem", units)]


@EMAILS
def test_getting_is_one_consistent_read(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.get(order.order_id)
    # A read that may be stale costs half of that.
    assert list(traffic) == [("GetItem", 1.0)]


@EMAILS
def test_changing_the_status_is_one_call_that_the_customers_index_does_not_pay_for(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by=BY, versions={1})
    # The table 1, by_created 1, by_status 2: there the order leaves one partition and comes into another.
    assert list(traffic) == [("UpdateItem", 4.0)]


@EMAILS
def test_expiring_is_one_call(traffic, email):
    order = placed(customer_email=email)
    traffic.clear()
    store.expire(order.order_id, at=LATER, by=BY)
    assert list(traffic) == [("UpdateItem", 4.0)]


@pytest.mark.parametrize(("email", "units"), [("", 3.0), ("ann@example.com", 4.0)], ids=["no e-mail", "e-mail"])
def test_deleting_is_one_call(traffic, email, units):
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
        (lambda _: store.change_status("nobody", Status.PROCESSING, at=LATER, by=BY), "UpdateItem"),
        (lambda order_id: store.delete(order_id, versions={9}), "DeleteItem"),
        (lambda _: store.delete("nobody"), "DeleteItem"),
        (lambda order_id: place(order_id=order_id, item="Kettle"), "PutItem"),
    ],
    ids=["illegal", "stale", "gone", "stale delete", "gone delete", "key reused"],
)
def test_a_refused_write_is_one_call_and_no_read(traffic, refused, operation):
    order = placed()
    traffic.clear()
    with pytest.raises(OrderError):
        refused(order.order_id)
    assert traffic.operations == [operation]


# --- Never a Scan -----------------------------------------------------------------------------------------------------


def test_nothing_that_serves_a_request_or_the_sweep_reads_the_whole_table(traffic):
    order_ids = [order.order_id for order in crowd(5, customer_email="ann@example.com")]
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

    known = {"BatchWriteItem", "UpdateItem", "GetItem", "Query", "BatchGetItem", "DeleteItem", "BatchExecuteStatement"}
    assert set(traffic.operations) <= known
    assert {"Query", "UpdateItem", "DeleteItem"} <= set(traffic.operations)


def test_the_sweeps_writes_are_those_of_the_orders_that_it_expires(traffic):
    crowd(7)
    traffic.clear()
    swept = expiry.sweep(at=NOW + timedelta(hours=60), age=timedelta(hours=60))
    assert swept.expired == 6
    assert traffic.operations.count("Query") == 1

"""Every function raises StoreUnavailableError if DynamoDB is unreachable or the table does not exist."""

import pytest

from orders import counts, dynamodb, expiry, listing, store, table
from orders.errors import StoreUnavailableError
from orders.lifecycle import Status
from orders.models import expiry_age, new_order
from tests.contract.order_helpers import BY, NEW_ORDER, NOW, other_engine, other_table, place

NOWHERE = "http://127.0.0.1:9"

CALLS = {
    "place": place,
    "get": lambda: store.get("x"),
    "change_status": lambda: store.change_status("x", Status.PROCESSING, at=NOW, by=BY),
    "change_status to EXPIRED": lambda: store.change_status("x", Status.EXPIRED, at=NOW, by=BY),
    "expire": lambda: store.expire("x", at=NOW, by=BY),
    "delete": lambda: store.delete("x"),
    "ping": dynamodb.ping,
    "page": lambda: listing.page(listing.Filters(), limit=5),
    "page of a status": lambda: listing.page(listing.Filters(status=Status.PENDING), limit=5),
    "page of a customer": lambda: listing.page(listing.Filters(customer_email="ann@example.com"), limit=5),
    "get_many": lambda: listing.get_many(["x"]),
    "walk": lambda: list(listing.walk(listing.Filters(), limit=5)),
    "due": lambda: list(listing.due(before=NOW)),
    "count": lambda: counts.count(Status.PENDING),
    "status_counts": counts.status_counts,
    "sweep": lambda: expiry.sweep(at=NOW, age=expiry_age()),
    "save_many": lambda: list(dynamodb.save_many(iter([new_order(order_id="x", **NEW_ORDER)]))),
    "protect_table": lambda: list(table.protect_table()),
}


@pytest.fixture(scope="module", params=[NOWHERE, "ResourceNotFoundException"], ids=["no engine", "no table"])
def missing(request, engine):
    """Makes DynamoDB unreachable or uses a table that does not exist. Returns what the reason must contain."""
    with other_engine(NOWHERE) if request.param == NOWHERE else other_table("Missing"):
        yield request.param


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_call_raises_store_unavailable_with_the_reason(missing, call, settings, shards):
    settings.ORDERS_INDEX_SHARDS = shards
    with pytest.raises(StoreUnavailableError) as refusal:
        call()
    assert refusal.value.code == "store_unavailable"
    assert missing in refusal.value.reason
    # The reason is for the log, not for the caller.
    assert missing not in str(refusal.value)

"""What each access to many orders costs, in calls and in the capacity that the engine reports.

The tests run on tables of 200 and 5,000 orders of the same size, so a cost that grows with the table fails one of them.
"""

from datetime import timedelta

import pytest

from orders import counts, expiry, listing
from orders.cursors import Direction, Position, write_cursor
from orders.lifecycle import Status
from orders.listing import Filters
from orders.table import ensure_table
from tests.contract.order_helpers import NOW, ids, other_table, place_many
from tests.traffic import recorded

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", params=[200, 5_000], ids=["200 orders", "5,000 orders"])
def orders(request, engine):
    """PENDING orders in a table of their own, placed once per size. Tests must not write to it."""
    with other_table(f"Orders{request.param}"):
        list(ensure_table())
        yield place_many(request.param, customer_email="ann@example.com")


@pytest.fixture
def costs(orders):
    with recorded() as traffic:
        yield traffic


@pytest.mark.parametrize("filters", [Filters(), Filters(status=Status.PENDING)], ids=["all", "status"])
def test_a_page_costs_the_same_at_any_depth_and_table_size(orders, costs, filters):
    for depth in (0, len(orders) // 2, len(orders) - 25):
        cursor = cursor_after(orders[depth - 1], filters) if depth else None
        costs.clear()
        page = listing.page(filters, limit=25, cursor=cursor)
        assert list(costs) == [("Query", 1.5)]
        assert ids(page.orders) == ids(orders[depth : depth + 25])
        assert (page.next is None) is (depth + 25 == len(orders))


def cursor_after(order, filters):
    """The cursor that following `next` up to this order would return."""
    return write_cursor(Position(Direction.OLDER, order.created_key), filters.canonical())


def test_a_previous_page_costs_the_same_as_a_next_page(orders, costs):
    second = listing.page(Filters(), limit=25, cursor=listing.page(Filters(), limit=25).next)
    costs.clear()
    listing.page(Filters(), limit=25, cursor=second.previous)
    assert list(costs) == [("Query", 1.5)]


def test_a_page_over_four_shards_takes_four_queries(orders, costs, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    listing.page(Filters(), limit=25)
    assert costs.operations == ["Query"] * 4
    # All orders are in one shard, and the queries of the empty ones consume nothing.
    assert costs.units == 1.5


def test_a_page_of_a_customer_with_an_international_domain_takes_one_query_per_spelling(orders, costs):
    listing.page(Filters(customer_email="inf@bücher.example"), limit=25)
    assert costs.operations == ["Query"] * 3
    costs.clear()
    listing.page(Filters(customer_email="inf@日本.example"), limit=25)
    assert costs.operations == ["Query"] * 2


def test_a_customers_page_takes_one_query_and_one_batch_of_reads(orders, costs):
    listing.page(Filters(customer_email="ann@example.com"), limit=25)
    assert list(costs) == [("Query", 0.5), ("BatchGetItem", 12.5)]


def test_the_cost_of_a_date_range_depends_on_its_orders(orders, costs):
    filters = Filters(created_after=NOW - 100 * MINUTE, created_before=NOW - 90 * MINUTE)
    assert len(listing.page(filters, limit=25).orders) == 10
    assert list(costs) == [("Query", 1.0)]


def test_the_reads_of_a_sweep_depend_on_the_due_orders_and_not_on_the_table(orders, costs):
    units = {}
    for due in (0, 20, 40, 160):
        costs.clear()
        cutoff = orders[-due].created_at + timedelta(seconds=1) if due else orders[-1].created_at
        swept = expiry.sweep(at=cutoff + timedelta(hours=60), age=timedelta(hours=60), dry_run=True)
        assert swept.examined == due
        assert set(costs.operations) == {"Query"}
        units[due] = costs.units
    # For a query without results, DynamoDB Local reports 0 units, but AWS bills half a unit.
    assert units == {0: 0.0, 20: 1.5, 40: 2.5, 160: 8.5}


def test_the_cap_of_a_count_limits_its_cost(orders, costs):
    found = counts.count(Status.PENDING)
    assert found == min(len(orders), 1_000)
    assert set(costs.operations) == {"Query"}
    assert costs.units <= 53


def test_a_count_of_zero_takes_one_cheap_query(orders, costs):
    assert counts.count(Status.COMPLETED) == 0
    assert costs.operations == ["Query"]
    assert costs.units <= 0.5

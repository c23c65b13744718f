"""The cost of each page with few orders and with many: DynamoDB calls and capacity.

docs/performance.md has the figures over 100,000 orders.
"""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from orders import listing
from orders.listing import Filters
from tests.contract.order_helpers import place_many
from tests.traffic import Traffic

FEW, MANY = 200, 5_000


@pytest.fixture(scope="module")
def costs(django_db_setup, django_db_blocker, made_table):
    """The cost of each page with FEW and with MANY orders. The large table is filled once for all tests."""
    from accounts.models import User  # noqa: PLC0415
    from orders.models import Order  # noqa: PLC0415
    from tests.traffic import recorded  # noqa: PLC0415

    with django_db_blocker.unblock():
        user = User.objects.create_superuser("cost")
        browser = Client()
        browser.force_login(user)
        with recorded() as traffic:
            measured = [_measure(browser, traffic, count) for count in (FEW, MANY)]
        user.delete()
    with Order.batch_write() as batch:
        for order in Order.scan(attributes_to_get=["order_id"]):
            batch.delete(order)
    return {name: (few, measured[1][name]) for name, few in measured[0].items()}


def _measure(browser: Client, traffic: Traffic, count: int) -> dict[str, tuple[list[str], float]]:
    # The newest is a little in the past, the oldest some days.
    orders = place_many(count, step=timedelta(seconds=30), customer_email="zoe@example.com")
    deep = listing.page(Filters(), limit=100).next
    rows = "&".join(f"id={order.order_id}" for order in orders[:25])
    urls = {
        "list": "/dashboard/",
        "counts": "/dashboard/counts/",
        "status": "/dashboard/?status=PENDING",
        "customer": "/dashboard/?customer_email=zoe@example.com",
        "deep": f"/dashboard/?cursor={deep}",
        "live": f"/dashboard/live/?newest={listing.newer_cursor(orders[0], Filters())}&{rows}",
        "detail": f"/dashboard/orders/{orders[0].order_id}/",
    }
    cache.clear()
    found = {}
    for name, url in urls.items():
        traffic.clear()
        assert browser.get(url, headers={"HX-Request": "true"}).status_code == 200
        found[name] = (sorted(traffic.operations), traffic.units)
    return found


@pytest.mark.parametrize(
    ("page", "operations", "units"),
    [
        ("list", ["Query"], 2),
        ("status", ["Query"], 2),
        ("deep", ["Query"], 2),
        ("customer", ["BatchGetItem", "Query"], 15),
        ("live", ["BatchGetItem", "Query"], 13),
        ("detail", ["GetItem"], 1),
    ],
)
def test_the_cost_of_a_page_does_not_grow_with_the_table(costs, page, operations, units):
    few, many = costs[page]
    assert few == many
    assert few[0] == operations
    assert few[1] <= units


def test_the_counts_of_the_tabs_cost_five_capped_calls(costs):
    few, many = costs["counts"]
    assert few[0] == many[0] == ["Query"] * 5
    # 200 of 200 orders are counted, and 1,000 of 5,000.
    assert few[1] <= 11 + 5
    assert many[1] <= 55 + 5

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from django.core.management import CommandError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from orders import listing
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import created_key, customer_key, expiry_age
from orders.seeding import sample_orders
from tests.contract.order_helpers import all_orders, other_engine
from tests.unit.transitions import pairs

AT = datetime(2026, 11, 22, 10, 15, 30, 123456, tzinfo=UTC)
TRANSITIONS = {(source, to) for source, to, allowed in pairs() if allowed} | {(Status.PENDING, Status.EXPIRED)}


def assert_plausible(order, *, since, until):
    statuses = [entry.status for entry in order.history]
    instants = [entry.at for entry in order.history]
    assert since <= order.created_at == instants[0]
    assert instants == sorted(instants)
    assert instants[-1] == order.updated_at <= until
    assert statuses[0] is Status.PENDING
    assert set(pairwise(statuses)) <= TRANSITIONS
    assert statuses[-1] is order.status
    assert order.version == len(statuses)
    assert order.expired_at == (instants[-1] if order.status is Status.EXPIRED else None)
    if len(instants) > 1:
        # Only an order that expired was still PENDING at the expiry age.
        assert (instants[1] - instants[0] > expiry_age()) is (order.status is Status.EXPIRED)
    assert order.status_key == f"{order.status}#0"
    assert order.listing_key == "ORDERS#0"
    assert order.created_key == created_key(order.created_at, order.order_id)
    assert order.customer_key == customer_key(order.customer_email)


@given(seed=st.integers(0, 10_000), days=st.sampled_from([0.01, 2.4, 2.6, 30, 3650]))
def test_every_sample_order_has_a_history_that_the_lifecycle_allows(seed, days):
    for order in sample_orders(30, days=days, at=AT, random=Random(seed)):  # noqa: S311 (variety, no secrets)
        assert_plausible(order, since=AT - timedelta(days=days), until=AT)


def test_sample_orders_have_every_status_and_some_have_no_customer():
    orders = list(sample_orders(300, days=30, at=AT, random=Random(1)))  # noqa: S311
    assert {order.status for order in orders} == set(Status)
    assert {bool(order.customer_email) for order in orders} == {True, False}
    due = AT - expiry_age()
    assert any(order.status is Status.PENDING and order.created_at < due for order in orders)


def test_the_same_seed_produces_the_same_orders():
    one, same, other = (
        [order.serialize() for order in sample_orders(20, days=30, at=AT, random=Random(seed))]  # noqa: S311
        for seed in (7, 7, 8)
    )
    assert one == same != other


def test_orders_are_written_in_batches_of_25_and_can_be_listed(run, traffic):
    started_at = timezone.now()

    output = run("seed_orders", "--count", "60", "--days", "3")

    assert output == "Wrote 60 orders dated within the last 3 days.\n"
    assert traffic.operations == ["BatchWriteItem"] * 3
    orders = all_orders()
    assert len(orders) == 60
    for order in orders.values():
        assert_plausible(order, since=started_at - timedelta(days=3), until=timezone.now())
    assert {order.order_id for order in listing.page(Filters(), limit=100).orders} == set(orders)


def test_a_second_run_adds_orders(run, table):
    run("seed_orders", "--count", "5")
    run("seed_orders", "--count", "6", "--seed", "4")
    assert len(all_orders()) == 11


@pytest.mark.parametrize("count", ["0", "-1", "+4", "1.5", "1_000", "many", "", "nan", "²"])
def test_an_invalid_count_is_refused(run, traffic, count):
    with pytest.raises(CommandError, match="is not a whole number of 1 or more"):
        run("seed_orders", f"--count={count}")
    assert traffic.operations == []


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "-inf", "many", "", "3651"])
def test_an_invalid_number_of_days_is_refused(run, traffic, days):
    with pytest.raises(CommandError, match="is not a number above 0"):
        run("seed_orders", "--count=1", f"--days={days}")
    assert traffic.operations == []


@pytest.mark.parametrize("seed", ["-1", "1_000", "1.5", "٣", ""])
def test_an_invalid_seed_is_refused(run, traffic, seed):
    with pytest.raises(CommandError, match="is not a whole number of 0 or more"):
        run("seed_orders", "--count=1", f"--seed={seed}")
    assert traffic.operations == []


def test_the_count_is_required(run):
    with pytest.raises(CommandError, match="--count"):
        run("seed_orders")


def test_an_unreachable_dynamodb_is_reported(run):
    with other_engine("http://127.0.0.1:9"), pytest.raises(CommandError, match="DynamoDB is not responding: "):
        run("seed_orders", "--count", "1")

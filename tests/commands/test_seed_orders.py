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
from tests.contract.order_helpers import everything, other_engine
from tests.unit.arrows import pairs

AT = datetime(2026, 11, 22, 10, 15, 30, 123456, tzinfo=UTC)
ARROWS = {(source, to) for source, to, allowed in pairs() if allowed} | {(Status.PENDING, Status.EXPIRED)}


def assert_plausible(order, *, since, until):
    steps = [entry.status for entry in order.history]
    moments = [entry.at for entry in order.history]
    assert since <= order.created_at == moments[0]
    assert moments == sorted(moments)
    assert moments[-1] == order.updated_at <= until
    assert steps[0] is Status.PENDING
    assert set(pairwise(steps)) <= ARROWS
    assert steps[-1] is order.status
    assert order.version == len(steps)
    assert order.expired_at == (moments[-1] if order.status is Status.EXPIRED else None)
    if len(moments) > 1:
        # An order that somebody took up was taken up before the sweep would have come for it.
        assert (moments[1] - moments[0] > expiry_age()) is (order.status is Status.EXPIRED)
    assert order.status_key == f"{order.status}#0"
    assert order.listing_key == "ORDERS#0"
    assert order.created_key == created_key(order.created_at, order.order_id)
    assert order.customer_key == customer_key(order.customer_email)


@given(seed=st.integers(0, 10_000), days=st.sampled_from([0.01, 2.4, 2.6, 30, 3650]))
def test_every_order_has_a_past_that_the_lifecycle_allows(seed, days):
    for order in sample_orders(30, days=days, at=AT, random=Random(seed)):  # noqa: S311 (variety, no secrets)
        assert_plausible(order, since=AT - timedelta(days=days), until=AT)


def test_every_status_and_both_kinds_of_customer_occur():
    orders = list(sample_orders(300, days=30, at=AT, random=Random(1)))  # noqa: S311
    assert {order.status for order in orders} == set(Status)
    assert {bool(order.customer_email) for order in orders} == {True, False}
    due = AT - expiry_age()
    assert any(order.status is Status.PENDING and order.created_at < due for order in orders)


def test_the_same_seed_makes_the_same_orders():
    one, same, other = (
        [order.serialize() for order in sample_orders(20, days=30, at=AT, random=Random(seed))]  # noqa: S311
        for seed in (7, 7, 8)
    )
    assert one == same != other


def test_so_many_orders_over_so_many_days_are_written_in_batches_of_25_and_listed(run, traffic):
    begin = timezone.now()

    output = run("seed_orders", "--count", "60", "--days", "3")

    assert output == "Wrote 60 orders dated within the last 3 days.\n"
    assert traffic.operations == ["BatchWriteItem"] * 3
    orders = everything()
    assert len(orders) == 60
    for order in orders.values():
        assert_plausible(order, since=begin - timedelta(days=3), until=timezone.now())
    assert {order.order_id for order in listing.page(Filters(), limit=100).orders} == set(orders)


def test_a_second_run_adds_to_what_is_there(run, table):
    run("seed_orders", "--count", "5")
    run("seed_orders", "--count", "6", "--seed", "4")
    assert len(everything()) == 11


@pytest.mark.parametrize("count", ["0", "-1", "+4", "1.5", "1_000", "many", "", "nan", "²"])
def test_a_count_that_is_no_whole_number_above_0_is_refused(run, traffic, count):
    with pytest.raises(CommandError, match="is not a whole number of 1 or more"):
        run("seed_orders", f"--count={count}")
    assert traffic.operations == []


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "-inf", "many", "", "3651"])
def test_days_that_are_no_number_above_0_are_refused(run, traffic, days):
    with pytest.raises(CommandError, match="is not a number above 0"):
        run("seed_orders", "--count=1", f"--days={days}")
    assert traffic.operations == []


@pytest.mark.parametrize("seed", ["-1", "1_000", "1.5", "٣", ""])
def test_a_seed_that_is_no_whole_number_is_refused(run, traffic, seed):
    with pytest.raises(CommandError, match="is not a whole number of 0 or more"):
        run("seed_orders", "--count=1", f"--seed={seed}")
    assert traffic.operations == []


def test_a_count_must_be_given(run):
    with pytest.raises(CommandError, match="--count"):
        run("seed_orders")


def test_a_dynamodb_that_cannot_be_reached_is_said_in_a_sentence(run):
    with other_engine("http://127.0.0.1:9"), pytest.raises(CommandError, match="DynamoDB is not responding: "):
        run("seed_orders", "--count", "1")

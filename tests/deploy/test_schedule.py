"""What the hourly rule calls, on the engine of the other tests."""

import json
import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from orders import schedule, store
from orders.models import Order
from tests.contract.given import other_table
from tests.deploy.given import Context

WISH = {"item": "Teapot", "quantity": 1, "customer_name": "Ann", "customer_email": "", "by": "api-key:shop"}


def placed(*, hours_old):
    return store.place(at=timezone.now() - timedelta(hours=hours_old), **WISH).order.order_id


def test_orders_past_sixty_hours_expire_and_younger_ones_stay(table):
    old, young = placed(hours_old=61), placed(hours_old=59)
    summary = schedule.expire_orders({}, Context(seconds=28))
    assert (summary["examined"], summary["expired"], summary["failed"]) == (1, 1, 0)
    assert (store.get(old).status, store.get(young).status) == ("EXPIRED", "PENDING")


def test_a_second_tick_finds_nothing_to_do(table):
    placed(hours_old=61)
    schedule.expire_orders({}, Context(seconds=28))
    assert schedule.expire_orders({}, Context(seconds=28))["examined"] == 0


def test_the_summary_is_one_log_record(table, caplog):
    placed(hours_old=61)
    with caplog.at_level(logging.INFO, logger="orders.schedule"):
        summary = schedule.expire_orders({}, Context(seconds=28))
    (record,) = [record for record in caplog.records if record.name == "orders.schedule"]
    assert record.sweep == summary
    assert json.loads(json.dumps(record.sweep))["stopped_early"] is False


def test_the_sweep_stops_before_the_time_of_the_function_runs_out(table, monkeypatch):
    monkeypatch.setattr(schedule, "LEAST_SECONDS", 1e-6)
    for _ in range(3):
        placed(hours_old=61)
    summary = schedule.expire_orders({}, Context(seconds=schedule.MARGIN_SECONDS))
    assert (summary["stopped_early"], summary["expired"], summary["remaining"]) == (True, 0, 3)


def test_an_engine_that_does_not_answer_is_a_runtime_error(table):
    with other_table("NotMade"), pytest.raises(RuntimeError, match="The sweep failed: DynamoDB does not answer"):
        schedule.expire_orders({}, Context(seconds=28))


def test_a_fault_of_our_own_is_a_runtime_error_too(table):
    """A TypeError would make Zappa call again, with fewer arguments, and report a wrong signature."""
    with pytest.raises(RuntimeError, match="AttributeError"):
        schedule.expire_orders({}, object())


def test_orders_that_could_not_be_expired_are_reported_and_raise(table, caplog):
    broken = placed(hours_old=61)
    _spoil(broken)
    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError, match="1 orders could not be expired"):
        schedule.expire_orders({}, Context(seconds=28))
    (summary,) = [record.sweep for record in caplog.records if hasattr(record, "sweep")]
    assert (summary["failed"], summary["remaining"]) == (1, 1)


def _spoil(order_id):
    """As a hand in the console might leave it: a history that is no list cannot be appended to."""
    client = Order._get_connection().connection.client
    client.update_item(
        TableName=Order.Meta.table_name,
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET history = :none",
        ExpressionAttributeValues={":none": {"S": ""}},
    )

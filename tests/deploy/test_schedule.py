"""The handler of the hourly rule."""

import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone

from accounts.housekeeping import LOGIN_RECORD_AGE
from orders import schedule, store
from tests.contract.fault_proxy import fault_proxy, refusal
from tests.contract.order_helpers import make_too_large, other_engine, other_table
from tests.deploy.lambda_context import Context

pytestmark = pytest.mark.django_db

ORDER = {"item": "Teapot", "quantity": 1, "customer_name": "Ann", "customer_email": "", "by": "api-key:shop"}


def placed(*, hours_old):
    return store.place(at=timezone.now() - timedelta(hours=hours_old), **ORDER).order.order_id


def test_orders_older_than_sixty_hours_expire(table):
    old, young = placed(hours_old=61), placed(hours_old=59)
    summary = schedule.expire_orders({}, Context(seconds=28))
    assert (summary["examined"], summary["expired"], summary["failed"]) == (1, 1, 0)
    assert (store.get(old).status, store.get(young).status) == ("EXPIRED", "PENDING")


def test_a_second_run_examines_no_orders(table):
    placed(hours_old=61)
    schedule.expire_orders({}, Context(seconds=28))
    assert schedule.expire_orders({}, Context(seconds=28))["examined"] == 0


def test_the_summary_is_one_log_record(table, caplog):
    placed(hours_old=61)
    with caplog.at_level(logging.INFO, logger="orders.schedule"):
        summary = schedule.expire_orders({}, Context(seconds=28))
    (record,) = [record for record in caplog.records if hasattr(record, "sweep")]
    assert (record.name, record.sweep) == ("orders.schedule", summary)
    assert json.loads(json.dumps(record.sweep))["stopped_early"] is False


def test_the_sweep_stops_before_the_function_times_out(table, monkeypatch):
    monkeypatch.setattr(schedule, "MIN_SECONDS", 1e-6)
    for _ in range(3):
        placed(hours_old=61)
    summary = schedule.expire_orders({}, Context(seconds=schedule.MARGIN_SECONDS))
    assert (summary["stopped_early"], summary["expired"], summary["remaining"]) == (True, 0, 3)


def test_an_unavailable_dynamodb_raises_a_runtime_error(table):
    with other_table("Missing"), pytest.raises(RuntimeError, match="The sweep failed: DynamoDB is not responding"):
        schedule.expire_orders({}, Context(seconds=28))


def test_an_unexpected_error_raises_a_runtime_error(table):
    """After a TypeError, Zappa would call the handler with fewer arguments and report a wrong signature."""
    with pytest.raises(RuntimeError, match="AttributeError"):
        schedule.expire_orders({}, object())


def test_orders_that_could_not_be_expired_are_logged_and_raise_an_error(table, caplog):
    broken = placed(hours_old=61)
    make_too_large(broken)
    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError, match="1 orders could not be expired"):
        schedule.expire_orders({}, Context(seconds=28))
    (summary,) = [record.sweep for record in caplog.records if hasattr(record, "sweep")]
    assert (summary["failed"], summary["remaining"]) == (1, 1)


def test_a_sweep_that_stops_during_an_outage_is_logged_and_raises_an_error(table, engine, caplog):
    for _ in range(3):
        placed(hours_old=61)
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.refuse("UpdateItem", *[refusal(503, "ServiceUnavailable")] * 100)
        with caplog.at_level(logging.INFO), pytest.raises(RuntimeError, match="did not respond to 2 calls in a row"):
            schedule.expire_orders({}, Context(seconds=28))
    (summary,) = [record.sweep for record in caplog.records if hasattr(record, "sweep")]
    assert (summary["unavailable"], summary["failed"], summary["remaining"]) == (True, 2, None)


def test_no_call_to_dynamodb_goes_on_until_the_function_times_out(table, engine):
    placed(hours_old=61)
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        with pytest.raises(RuntimeError, match="The sweep failed: DynamoDB is not responding"):
            schedule.expire_orders({}, Context(seconds=schedule.SUMMARY_SECONDS))
        assert proxy.operations == []


# --- Housekeeping -----------------------------------------------------------------------------------------------------


def session(*, expired_for):
    ended = timezone.now() - expired_for
    return Session.objects.create(session_key=uuid4().hex, session_data="x", expire_date=ended)


def sessions():
    return set(Session.objects.all())


@pytest.fixture
def no_database():
    """The relational database cannot be opened, because the folder of its file does not exist."""
    connected = connections["default"]
    broken = connected.copy()
    broken.settings_dict["NAME"] = "/no/such/folder/db.sqlite3"
    connections["default"] = broken
    yield
    connections["default"] = connected


def test_expired_sessions_and_old_login_records_are_deleted_after_the_sweep(table, caplog):
    valid, _ = session(expired_for=-timedelta(hours=1)), session(expired_for=timedelta(hours=1))
    login = AccessLog.objects.create(username="anna")
    AccessLog.objects.update(attempt_time=timezone.now() - LOGIN_RECORD_AGE - timedelta(hours=1))
    with caplog.at_level(logging.INFO, logger="orders.schedule"):
        schedule.expire_orders({}, Context(seconds=28))
    assert sessions() == {valid}
    assert not AccessLog.objects.filter(pk=login.pk).exists()
    sweep, housekeeping = [record.getMessage() for record in caplog.records if record.name == "orders.schedule"]
    assert (sweep, housekeeping) == ("Sweep finished", "Housekeeping finished")
    (summary,) = [record.housekeeping for record in caplog.records if hasattr(record, "housekeeping")]
    assert summary == {"sessions": 1, "logins": 1, "login_failures": 0, "stopped_early": False}


def test_the_housekeeping_runs_even_if_the_sweep_fails(table):
    session(expired_for=timedelta(hours=1))
    with other_table("Missing"), pytest.raises(RuntimeError, match=r"^The sweep failed: DynamoDB is not responding"):
        schedule.expire_orders({}, Context(seconds=28))
    assert sessions() == set()


def test_a_failed_housekeeping_raises_an_error_after_the_sweep(table, no_database, caplog):
    order = placed(hours_old=61)
    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError) as raised:
        schedule.expire_orders({}, Context(seconds=28))
    assert str(raised.value).startswith("The housekeeping failed: The user database failed: ")
    assert store.get(order).status == "EXPIRED"
    # The alarm on missing sweeps counts this line.
    (summary,) = [record.sweep for record in caplog.records if hasattr(record, "sweep")]
    assert (summary["expired"], summary["failed"]) == (1, 0)


def test_both_failures_are_reported(table, no_database):
    with other_table("Missing"), pytest.raises(RuntimeError) as raised:
        schedule.expire_orders({}, Context(seconds=28))
    assert "The sweep failed: DynamoDB is not responding" in str(raised.value)
    assert "The housekeeping failed: The user database failed" in str(raised.value)


def test_the_housekeeping_is_skipped_if_the_sweep_leaves_no_time(table, caplog):
    outdated = session(expired_for=timedelta(hours=1))
    with caplog.at_level(logging.INFO, logger="orders.schedule"):
        schedule.expire_orders({}, Context(seconds=schedule.HOUSEKEEPING_MARGIN_SECONDS))
    assert sessions() == {outdated}
    assert "Skipped housekeeping because no time was left; the next run will do it" in caplog.messages

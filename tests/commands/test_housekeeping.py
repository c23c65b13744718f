"""What housekeeping deletes from the relational database and what it keeps."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.sessions.models import Session
from django.core.management import CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import housekeeping
from accounts.housekeeping import LOGIN_RECORD_AGE, Housekeeping, delete_outdated
from accounts.models import User
from tests.contract.order_helpers import NOW

pytestmark = pytest.mark.django_db

MICROSECOND = timedelta(microseconds=1)


def session(ends, count=1):
    sessions = [Session(session_key=uuid4().hex, session_data="x", expire_date=ends) for _ in range(count)]
    return Session.objects.bulk_create(sessions)


def record(model, at, **fields):
    created = model.objects.create(username=uuid4().hex, **fields)
    # The model sets attempt_time when a record is created.
    model.objects.filter(pk=created.pk).update(attempt_time=at)
    return created


RECORDS = {
    "logins": (AccessLog, {}),
    "login_failures": (AccessAttempt, {"failures_since_start": 1}),
    "login_failures, logged": (AccessFailureLog, {}),
}


def test_an_expired_session_is_deleted(db):
    session(NOW - MICROSECOND)
    valid = session(NOW)
    assert delete_outdated(at=NOW) == Housekeeping(sessions=1)
    assert list(Session.objects.all()) == valid


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_of_a_login_is_deleted_after_90_days(db, kind):
    model, fields = RECORDS[kind]
    record(model, NOW - LOGIN_RECORD_AGE - MICROSECOND, **fields)
    recent = record(model, NOW - LOGIN_RECORD_AGE, **fields)
    assert timedelta(days=90) == LOGIN_RECORD_AGE
    assert delete_outdated(at=NOW) == Housekeeping(**{kind.partition(",")[0]: 1})
    assert list(model.objects.all()) == [recent]


def test_users_and_the_admin_log_are_not_deleted(db):
    anna = User.objects.create_user("anna")
    LogEntry.objects.log_actions(anna.pk, [anna], CHANGE)
    LogEntry.objects.update(action_time=NOW - timedelta(days=3650))
    delete_outdated(at=NOW)
    assert (User.objects.count(), LogEntry.objects.count()) == (1, 1)


def test_a_second_run_deletes_nothing(db):
    session(NOW - MICROSECOND, count=3)
    assert delete_outdated(at=NOW).sessions == 3
    assert delete_outdated(at=NOW) == Housekeeping()


def test_all_rows_are_deleted_in_batches(db, monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", 4)
    session(NOW - MICROSECOND, count=10)
    assert delete_outdated(at=NOW) == Housekeeping(sessions=10)


def test_housekeeping_stops_after_the_current_batch_when_its_time_is_up_and_the_next_run_continues(db, monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", 4)
    session(NOW - MICROSECOND, count=10)
    assert delete_outdated(at=NOW, time_is_up=lambda: True) == Housekeeping(sessions=4, stopped_early=True)
    assert delete_outdated(at=NOW) == Housekeeping(sessions=6)


def test_a_session_that_is_extended_during_the_run_is_not_deleted(db):
    mine, _ = session(NOW - MICROSECOND, count=2)

    def extend(execute, sql, *arguments):
        if sql.startswith("DELETE") and Session.objects.filter(pk=mine.pk, expire_date__lt=NOW).exists():
            Session.objects.filter(pk=mine.pk).update(expire_date=NOW + timedelta(days=14))
        return execute(sql, *arguments)

    with connection.execute_wrapper(extend):
        assert delete_outdated(at=NOW) == Housekeeping(sessions=1)
    assert [session.pk for session in Session.objects.all()] == [mine.pk]


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_what_it_deleted(db, run):
    session(timezone.now() - timedelta(hours=1), count=1200)
    assert run("housekeeping") == (
        "Deleted\nexpired sessions:           1,200\nlogins, 90 days old:        0\nfailed logins, 90 days old: 0\n"
    )


def test_the_summary_can_be_printed_as_one_line_of_json(db, run):
    session(timezone.now() - timedelta(hours=1))
    text = run("housekeeping", "--json")
    assert text.count("\n") == 1
    assert json.loads(text) == {"sessions": 1, "logins": 0, "login_failures": 0, "stopped_early": False}


def test_the_command_reports_that_it_stopped_early(db, run):
    session(timezone.now() - timedelta(hours=1), count=501)
    text = run("housekeeping", "--max-seconds", "0.000001")
    assert text.endswith("Stopped early; run it again to continue.\n")
    assert Session.objects.count() == 1


@pytest.mark.parametrize("value", ["0", "-1", "nan", "soon", "", "86401"])
def test_an_invalid_number_of_seconds_is_refused_and_nothing_is_deleted(db, run, value):
    session(timezone.now() - timedelta(hours=1))
    message = f"argument --max-seconds: {re.escape(repr(value))} is not a number above 0"
    with pytest.raises(CommandError, match=message):
        run("housekeeping", f"--max-seconds={value}")
    assert Session.objects.count() == 1


def test_an_unavailable_database_is_reported_in_one_line(db, run):
    def refuse(*_):
        raise OperationalError("connection refused\nIs the server running?")

    with connection.execute_wrapper(refuse), pytest.raises(CommandError) as refusal:
        run("housekeeping")
    assert str(refusal.value) == (
        "The user database failed: connection refused. Run this again; if it fails again, check DATABASE_URL and "
        "run `manage.py migrate`."
    )

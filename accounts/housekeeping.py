"""Deletes expired sessions and old login records from the relational database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

LOGIN_RECORD_AGE = timedelta(days=90)
"""Long enough to investigate an incident, and no longer, because the records contain personal data."""
BATCH = 500
"""Rows per statement, so that each statement is short and does not block other writers."""


@dataclass
class Housekeeping:
    """How many rows were deleted."""

    sessions: int = 0
    logins: int = 0
    login_failures: int = 0
    stopped_early: bool = False


def delete_outdated(*, at: datetime, time_is_up: Callable[[], bool] = lambda: False) -> Housekeeping:
    """Delete sessions that have expired and records of logins older than LOGIN_RECORD_AGE, as of the instant `at`.

    Stops before the next batch once `time_is_up()`. Safe to repeat, and to run twice at once. The admin's log of
    changes is not deleted, because it records who gave whom access.
    Raises django.db.Error if the database is unavailable; rows deleted before that stay deleted.
    """
    old = at - LOGIN_RECORD_AGE
    outdated: list[tuple[str, QuerySet[Any]]] = [
        ("sessions", Session.objects.filter(expire_date__lt=at)),
        ("logins", AccessLog.objects.filter(attempt_time__lt=old)),
        ("login_failures", AccessAttempt.objects.filter(attempt_time__lt=old)),
        ("login_failures", AccessFailureLog.objects.filter(attempt_time__lt=old)),
    ]
    result = Housekeeping()
    for name, rows in outdated:
        for deleted in _deleted_in_batches(rows):
            setattr(result, name, getattr(result, name) + deleted)
            if time_is_up():
                result.stopped_early = True
                return result
    return result


def _deleted_in_batches(rows: QuerySet[Any]) -> Iterator[int]:
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        # Filtered again, because a session may have been extended since.
        _, deleted = rows.filter(pk__in=keys).delete()
        yield deleted.get(rows.model._meta.label, 0)  # noqa: SLF001 (Django's public name for it)

"""Deletes what the relational database has no more use for: expired sessions and old records of logins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

LOGIN_RECORD_AGE = timedelta(days=90)
"""Long enough to look into an incident. They hold addresses and names of browsers, so not longer."""
BATCH = 500
"""Rows per statement, so that each is short and others that write get their turn."""


@dataclass
class Housekeeping:
    """How many rows were deleted."""

    sessions: int = 0
    logins: int = 0
    login_failures: int = 0
    stopped_early: bool = False


def delete_outdated(*, at: datetime, time_is_up: Callable[[], bool] = lambda: False) -> Housekeeping:
    """Delete sessions that have expired and records of logins older than LOGIN_RECORD_AGE, as of the instant `at`.

    Stops before the next batch once `time_is_up()`. Safe to repeat, and to run twice at once. The log of changes in the
    admin is left: it is the record of who gave whom access.
    Raises django.db.Error when the database does not answer; what was deleted until then stays deleted.
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
        # Filtered again: a session may have been prolonged since.
        _, deleted = rows.filter(pk__in=keys).delete()
        yield deleted.get(rows.model._meta.label, 0)  # noqa: SLF001 (Django's public name for it)

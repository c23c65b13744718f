"""Limits wrong passwords: per name and address, and per address whatever the names, against password spraying."""

from http import HTTPStatus
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LOCK_SECONDS = 3600

Credentials = dict[str, Any] | None


class LoginLimits(AxesDatabaseHandler):
    """django-axes counts per name and address; this adds the failures of the whole address, with a limit of their own.

    A successful login forgets the failures of its own name at its own address only, so an account of one's own does not
    help with guessing the others.
    """

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        failures: int = super().get_failures(request, credentials)
        if self._failures_of_address(request) >= settings.LOGIN_FAILURES_PER_ADDRESS:
            return max(failures, settings.AXES_FAILURE_LIMIT)
        return failures

    def _failures_of_address(self, request: HttpRequest) -> int:
        recent = AccessAttempt.objects.filter(
            ip_address=request.axes_ip_address, attempt_time__gte=get_cool_off_threshold(request)
        )
        return recent.aggregate(total=Sum("failures_since_start"))["total"] or 0


def locked_out(request: HttpRequest, original_response: HttpResponse | None, credentials: Credentials) -> HttpResponse:  # noqa: ARG001 (axes' signature)
    """The answer to a login while it is locked, which lasts an hour at most."""
    response = render(request, "locked_out.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(LOCK_SECONDS)
    response["Cache-Control"] = "no-store"
    return response

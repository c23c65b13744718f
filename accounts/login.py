"""Login and logout of staff, with limits on wrong passwords per name and address, and per address."""

from http import HTTPStatus
from math import ceil
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.client_address import limited_address
from accounts.throttling import Failures, address_identity, seconds_to_wait

LOCK_SECONDS = 3600

Credentials = dict[str, Any] | None


class LoginLimits(AxesDatabaseHandler):
    """django-axes counts per name and address; this adds a limit for all failures of an address.

    A successful login clears only the failures of its own name at its own address, so a user cannot reset the limit by
    logging in to their own account.
    """

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        failures: int = super().get_failures(request, credentials)
        if self._failures_of_address(request) >= settings.LOGIN_FAILURES_PER_ADDRESS:
            return max(failures, settings.AXES_FAILURE_LIMIT)
        return failures

    def _failures_of_address(self, request: HttpRequest) -> int:
        recent = AccessAttempt.objects.filter(
            ip_address=limited_address(request), attempt_time__gte=get_cool_off_threshold(request)
        )
        return recent.aggregate(total=Sum("failures_since_start"))["total"] or 0


def locked_out(request: HttpRequest, original_response: HttpResponse | None, credentials: Credentials) -> HttpResponse:
    """The response to a login while it is locked, for an hour at most."""
    sentence = _(
        "Too many wrong passwords were entered from your network address, for this name or for several names. Try "
        "again in an hour. An administrator can unlock your address earlier: delete its rows under “Login failures”."
    )
    return _refused(request, _("Too many wrong passwords"), sentence, LOCK_SECONDS)


def login(request: HttpRequest) -> HttpResponse:
    """The admin's login. An address with too many requests or failures gets a 429 before any database query."""
    failures = Failures(request, "login")
    seconds = seconds_to_wait(address_identity(request), settings.ORDERS_API_RATE)
    if request.method == "POST":
        seconds = max(seconds, failures.seconds_to_wait())
    if seconds:
        seconds = ceil(seconds)
        sentence = ngettext(
            "Too many requests came from your network address. Try again in %d second.",
            "Too many requests came from your network address. Try again in %d seconds.",
            seconds,
        )
        return _refused(request, _("Too many requests"), sentence % seconds, seconds)
    response = admin.site.login(request)
    if request.method == "POST" and response.status_code != HTTPStatus.FOUND:
        failures.seconds_to_wait(count=True)
    return response


def logout(request: HttpRequest) -> HttpResponse:
    """The admin's logout, for every user. Django's own route does not sign out users who are not staff."""
    return admin.site.logout(request)


def _refused(request: HttpRequest, title: str, sentence: str, seconds: int) -> HttpResponse:
    action = {"url": reverse("admin:login"), "label": _("Back to the login")}
    context = {"title": title, "sentence": sentence, "action": action}
    response = render(request, "error.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response

"""How a page is rendered, and the pages for refusals, outages and other errors."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from accounts.permissions import DELETE, VIEW
from orders.reading import UnreadableOrder

RETRY_SECONDS = 5
SAFE_METHODS = ("GET", "HEAD")


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    """A page with the admin's navigation. Never cached, because it shows personal data."""
    _load_admin()
    response = render_template(request, template, {**admin.site.each_context(request), **context}, status=status)
    patch_cache_control(response, no_store=True)
    return response


@cache
def _load_admin() -> None:
    """Load what the navigation lists. The first page does it, because the API does not need the admin."""
    admin.autodiscover()


def forbidden(request: HttpRequest, sentence: str) -> HttpResponse:
    return _refused(request, _("Access denied"), sentence, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, sentence: str) -> HttpResponse:
    return _refused(request, _("Not found"), sentence, HTTPStatus.NOT_FOUND)


def unreadable(request: HttpRequest, order: UnreadableOrder) -> HttpResponse:
    """What is wrong with the order, its stored data, and a link to delete it, the only possible action."""
    context = {
        "title": _("Order %s") % order.order_id[:8],
        "order": order,
        "raw": json.dumps(order.raw, indent=2, ensure_ascii=False),
        "back": request.POST.get("back") or request.GET.get("back") or "",
        "may_delete": request.user.has_perm(DELETE.perm),
    }
    return render(request, "dashboard/unreadable.html", context, HTTPStatus.CONFLICT)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an unexpected error. May itself raise, because the navigation queries the database."""
    return _refused(request, _("Something went wrong"), server_error_sentence(), HTTPStatus.INTERNAL_SERVER_ERROR)


def server_error_sentence() -> str:
    return _("The error was logged. Go back and try again. If it happens again, tell an administrator the time.")


def error_page(
    request: HttpRequest, title: str, sentence: str, status: HTTPStatus, *, retry_url: str | None = None
) -> HttpResponse:
    """A page without navigation, which needs neither a signed-in user nor the database."""
    action = {"url": retry_url, "label": _("Try again")} if retry_url else None
    context = {"title": title, "sentence": sentence, "action": action}
    response = render_template(request, "error.html", context, status=status)
    patch_cache_control(response, no_store=True)
    return response


def database_unavailable(request: HttpRequest) -> HttpResponse:
    """The page while the relational database is unavailable. It has no navigation, which needs a login."""
    sentence = _("The user database is not responding. Try again in a few seconds.")
    if request.method not in SAFE_METHODS:
        sentence = _(
            "The user database is not responding. Your change may or may not have been saved. "
            "Check before you try again."
        )
    retry_url = request.get_full_path() if request.method in SAFE_METHODS else None
    title = _("Temporarily unavailable")
    response = error_page(request, title, sentence, HTTPStatus.SERVICE_UNAVAILABLE, retry_url=retry_url)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _refused(request: HttpRequest, title: str, sentence: str, status: HTTPStatus) -> HttpResponse:
    if not request.user.is_authenticated:
        return error_page(request, title, sentence, status)
    context = {
        "title": title,
        "sentence": sentence,
        "may_view": request.user.is_staff and request.user.has_perm(VIEW.perm),
        "login_url": login_url(request),
    }
    return render(request, "dashboard/refused.html", context, status)


def orders_unavailable(request: HttpRequest) -> HttpResponse:
    """The page for an outage of DynamoDB. It retries a read by itself, but never a write."""
    retry_seconds = RETRY_SECONDS if request.method in SAFE_METHODS else None
    context = {"title": _("Orders are temporarily unavailable"), "retry_seconds": retry_seconds}
    response = render(request, "dashboard/unavailable.html", context, HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def login_url(request: HttpRequest) -> str:
    """The login, which returns to this page."""
    # A form's data is lost with the session, so return to the list and not to the form's URL.
    back = request.get_full_path() if request.method in SAFE_METHODS else reverse("dashboard:list")
    return redirect_to_login(back, reverse("admin:login")).url


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    sentence = _("This form has expired, or your browser blocks cookies. Go back, reload the page and try again.")
    return forbidden(request, sentence)

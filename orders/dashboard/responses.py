"""How a page is rendered, and the pages for refusals, outages and other errors."""

import json
from collections.abc import Mapping
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
    """The page inside the admin's chrome; never kept by a cache, since it shows people's data."""
    response = render_template(request, template, {**admin.site.each_context(request), **context}, status=status)
    patch_cache_control(response, no_store=True)
    return response


def forbidden(request: HttpRequest, sentence: str) -> HttpResponse:
    return _refused(request, _("You may not do this"), sentence, HTTPStatus.FORBIDDEN)


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
    """The page of an unforeseen error. Raises whatever the chrome's own questions do, to the database for one."""
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
    """The page while the relational database does not answer: nobody can be signed in, so it has no chrome."""
    sentence = _("The database of users and sessions does not answer. Try again in a few seconds.")
    if request.method not in SAFE_METHODS:
        sentence = _(
            "The database of users and sessions does not answer, so it is not known whether your change was saved. "
            "Check that before you repeat it."
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
    """A read is tried again by the page itself; a write is left to the person, who sees first what came of it."""
    retry_seconds = RETRY_SECONDS if request.method in SAFE_METHODS else None
    context = {"title": _("Orders are temporarily unavailable"), "retry_seconds": retry_seconds}
    response = render(request, "dashboard/unavailable.html", context, HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def login_url(request: HttpRequest) -> str:
    """The login, which returns to this page."""
    # What was sent to a form is gone with the session; the way back is the page, not the form's address.
    back = request.get_full_path() if request.method in SAFE_METHODS else reverse("dashboard:list")
    return redirect_to_login(back, reverse("admin:login")).url


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    sentence = _("This form has grown old, or the browser sends no cookies. Go back, load the page again and repeat.")
    return forbidden(request, sentence)

"""Responses to requests that no view answers: a page for a browser, a problem document for a program."""

import sys
from collections.abc import Mapping
from http import HTTPStatus

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from orders.api import problems
from orders.api.problems import is_browser
from orders.api.views import UnknownRouteView
from orders.dashboard import pages

_unknown_to_a_program = UnknownRouteView.as_view()


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_browser(request):
        return pages.not_found(request, _("There is nothing at %s.") % request.path)
    return _unknown_to_a_program(request)


unknown_route = csrf_exempt(not_found)
"""The last route: a program's POST to a wrong address is to hear of the address, and not of a missing token."""


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return pages.forbidden(request, _("You lack the permission for this. Ask an administrator for it."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, for any suspicious request, such as one with an unknown host name."""
    return refused(request, *problems.of_suspicious(exception))


def refused(
    request: HttpRequest, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """The refusal of a request before authentication."""
    if not is_browser(request):
        return problems.plain(problems.problem(status, code, detail), headers)
    response = pages.bare(request, _("This request cannot be answered"), detail, status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    sentence = _("This address does not support %(method)s. It supports %(allowed)s.")
    detail = sentence % {"method": request.method, "allowed": allowed}
    return refused(request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": allowed})


def timed_out(request: HttpRequest) -> HttpResponse:
    """A request that took longer than the machine under it allows. Whether it changed anything is not known."""
    if not is_browser(request):
        return problems.timed_out()
    sentence = _("It was given up. Try again in a moment.")
    if request.method not in pages.READING:
        sentence = _("It was given up, so it is not known whether your change was made. Look first; repeating is safe.")
    return pages.bare(request, _("This took too long"), sentence, HTTPStatus.SERVICE_UNAVAILABLE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled.

    An outage of the relational database is a 503, and the page makes no further query: a server that hangs would make
    the person wait twice. A value that no column can store is a 400: the admin does not check its filters, and a
    text in them may contain a NUL. Any other error is a page in the chrome or, if the chrome fails too, a static page.
    """
    error = sys.exception()
    if isinstance(error, problems.DATABASE_OUTAGE):
        return pages.database_unavailable(request) if is_browser(request) else problems.database_unavailable()
    if isinstance(error, DataError):
        return bad_request(request, error)
    if not is_browser(request):
        return problems.server_error()
    try:
        return pages.broken(request)
    except Exception:  # noqa: BLE001 (whatever it is, a page that needs nothing is the answer; the log has the first error)
        return HttpResponse(render_to_string("server_error.html"), status=500)

"""Error responses outside the views: a page for a browser, a problem document for a program."""

import sys
from collections.abc import Mapping
from http import HTTPStatus

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from orders.api import problems
from orders.api.media_types import prefers_html
from orders.api.views import UnknownRouteView
from orders.dashboard import responses
from orders.message import Message

_not_found_problem = UnknownRouteView.as_view()


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    if prefers_html(request):
        return responses.not_found(request, _("There is no page at %s.") % request.path)
    return _not_found_problem(request)


# A POST to an unknown URL should get a 404 instead of an error about a missing CSRF token.
unknown_route = csrf_exempt(not_found)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403, which only the admin's views reach."""
    return responses.forbidden(request, _("You do not have permission to do this. Ask an administrator for it."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, for any suspicious request, such as one with an unknown host name."""
    return refused(request, *problems.describe_bad_request(exception))


def refused(
    request: HttpRequest, status: HTTPStatus, code: str, detail: Message, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """The response to a request that is refused before authentication."""
    if not prefers_html(request):
        return problems.problem_response(problems.problem(status, code, detail), headers)
    response = responses.error_page(request, _("This request cannot be processed"), detail.translated(_), status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    detail = Message(
        "This URL does not support %(method)s. It supports %(allowed)s.", method=request.method, allowed=allowed
    )
    return refused(request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": allowed})


def timed_out(request: HttpRequest) -> HttpResponse:
    """The response to a request that took too long. It is unknown whether the request changed anything."""
    if not prefers_html(request):
        return problems.timed_out()
    sentence = _("The request timed out. Try again in a moment.")
    if request.method not in responses.SAFE_METHODS:
        sentence = _(
            "The request timed out, and your change may or may not have been saved. Check before you repeat it; "
            "repeating it is safe."
        )
    return responses.error_page(request, _("This took too long"), sentence, HTTPStatus.SERVICE_UNAVAILABLE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled.

    1. An outage of the relational database is a 503. The page makes no further query, which could take as long again.
    2. A value that no column can store is a 400: the admin does not validate its filters, which may contain a NUL.
    3. Any other error is a 500. If the page with navigation fails too, a page without it is shown.
    """
    error = sys.exception()
    if isinstance(error, problems.DATABASE_OUTAGE):
        return responses.database_unavailable(request) if prefers_html(request) else problems.database_unavailable()
    if isinstance(error, DataError):
        return bad_request(request, error)
    if not prefers_html(request):
        return problems.server_error()
    try:
        return responses.server_error(request)
    except Exception:  # noqa: BLE001 (any second failure leads to the simplest page; the first one is in the log)
        context = {"title": _("Something went wrong"), "sentence": responses.server_error_sentence()}
        return HttpResponse(render_to_string("error.html", context), status=HTTPStatus.INTERNAL_SERVER_ERROR)

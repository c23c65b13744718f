"""Every refusal as RFC 9457 `application/problem+json`; the one place where an error becomes an HTTP status."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.response import Response

from orders.api.representation import order_document
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    InvalidCursorError,
    OrderError,
    OrderNotFoundError,
    StoreUnavailableError,
    VersionMismatchError,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = {"Retry-After": "2"}

DATABASE_OUTAGE = (OperationalError, InterfaceError, ProgrammingError)
"""What an outage of the relational database raises. ProgrammingError is a table or column that the migration of a
deploy has yet to make."""

STATUS_OF: Mapping[type[OrderError], HTTPStatus] = {
    OrderNotFoundError: HTTPStatus.NOT_FOUND,
    IllegalTransitionError: HTTPStatus.CONFLICT,
    VersionMismatchError: HTTPStatus.PRECONDITION_FAILED,
    IdempotencyKeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidCursorError: HTTPStatus.BAD_REQUEST,
}

logger = logging.getLogger(__name__)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's hook: the answer to any exception of a view. An unforeseen one is logged and a bare 500."""
    if isinstance(exc, OrderError):
        response = _of_order_error(exc)
    elif isinstance(exc, exceptions.APIException):
        response = _of_api_exception(exc)
    elif isinstance(exc, DATABASE_OUTAGE):
        logger.warning("The database does not answer", exc_info=exc)
        response = _response(_database_unavailable(), RETRY_AFTER)
    elif isinstance(exc, Http404):
        response = _of_api_exception(exceptions.NotFound())
    elif isinstance(exc, PermissionDenied):
        response = _of_api_exception(exceptions.PermissionDenied())
    elif isinstance(exc, SuspiciousOperation):
        response = _of_api_exception(exceptions.ParseError("The request is malformed."))
    else:
        logger.error("Unforeseen error", exc_info=exc)
        response = _response(_unforeseen())
    if not isinstance(getattr(context.get("request"), "accepted_renderer", None), BrowsableAPIRenderer):
        response.content_type = CONTENT_TYPE
    return response


def _of_order_error(error: OrderError) -> Response:
    if isinstance(error, StoreUnavailableError):
        logger.warning("DynamoDB does not answer: %s", error.reason)
        return _retry_later(error.code, str(error))
    document = problem(STATUS_OF[type(error)], error.code, str(error))
    if isinstance(error, IllegalTransitionError | VersionMismatchError):
        document["order"] = order_document(error.order)
    return _response(document)


def _retry_later(code: str, detail: str) -> Response:
    return _response(problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail), RETRY_AFTER)


def _database_unavailable() -> dict[str, Any]:
    detail = "The user database does not answer. Try again shortly."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", detail)


def _of_api_exception(exc: exceptions.APIException) -> Response:
    if isinstance(exc, exceptions.ValidationError):
        detail = "The request has errors; each is named in `errors`."
        document = problem(HTTPStatus.BAD_REQUEST, "invalid", detail, list(_field_errors(exc.detail)))
    else:
        document = problem(HTTPStatus(exc.status_code), _code(exc), str(exc.detail))
    return _response(document, _headers(exc))


def _code(exc: exceptions.APIException) -> str:
    code = exc.get_codes()
    return code if isinstance(code, str) else exc.default_code


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers


def _field_errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:  # noqa: ANN401 (REST framework's nesting)
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _field_errors(inner, "" if name == "non_field_errors" else str(name))
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _field_errors(inner, field)
    else:
        yield {"field": field, "detail": str(detail), "code": detail.code}


def problem(status: HTTPStatus, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    }


def _unforeseen() -> dict[str, Any]:
    detail = "Something went wrong on our side. It has been logged under the id in X-Request-Id."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def _response(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(document, status=document["status"], headers=headers)


# --- What goes wrong before or outside a view of the API --------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a host name that is not ours, for example."""
    if _wants_html(request):
        return defaults.bad_request(request, exception)
    return _plain(problem(HTTPStatus.BAD_REQUEST, "bad_request", "The request is malformed."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if _wants_html(request):
        return defaults.server_error(request)
    return _plain(_unforeseen())


def database_unavailable() -> HttpResponse:
    """The answer where the relational database fails outside a view of the API."""
    return _plain(_database_unavailable(), RETRY_AFTER)


def timed_out() -> HttpResponse:
    """The answer to a request that took longer than the machine under the app allows."""
    detail = (
        "The request took too long and was given up. Whether it changed anything is not known: look at the order, or "
        "repeat a POST with its Idempotency-Key."
    )
    return _plain(problem(HTTPStatus.SERVICE_UNAVAILABLE, "timed_out", detail), RETRY_AFTER)


def _wants_html(request: HttpRequest) -> bool:
    return "text/html" in request.META.get("HTTP_ACCEPT", "")


def _plain(document: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(orjson.dumps(document), status=document["status"], content_type=CONTENT_TYPE, headers=headers)

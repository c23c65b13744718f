"""Error responses as RFC 9457 `application/problem+json`. Only this module converts errors to HTTP statuses."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import DisallowedHost, TooManyFieldsSent
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django_guid import get_guid
from rest_framework import exceptions
from rest_framework.response import Response

from orders.api.media_types import PROBLEM_JSON, prefers_html
from orders.api.preconditions import PreconditionFailedError
from orders.api.representation import order_document, unreadable_document
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    InvalidCursorError,
    OrderError,
    OrderNotFoundError,
    StoreUnavailableError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.message import Message

RETRY_AFTER = {"Retry-After": "2"}

DATABASE_OUTAGE = (OperationalError, InterfaceError, ProgrammingError)
"""The errors of an outage of the relational database. ProgrammingError means a missing table or column, which the
migration of a deploy is about to create."""

STATUS_OF: Mapping[type[OrderError], HTTPStatus] = {
    OrderNotFoundError: HTTPStatus.NOT_FOUND,
    IllegalTransitionError: HTTPStatus.CONFLICT,
    UnreadableOrderError: HTTPStatus.CONFLICT,
    VersionMismatchError: HTTPStatus.PRECONDITION_FAILED,
    IdempotencyKeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidCursorError: HTTPStatus.BAD_REQUEST,
}

logger = logging.getLogger(__name__)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's hook: the response to an exception in a view. Unexpected exceptions are logged and become a 500.

    A program gets a problem document, a browser an HTML page with the same content.
    """
    if isinstance(exc, OrderError):
        response = _order_error_response(exc)
    elif isinstance(exc, exceptions.APIException):
        response = _api_exception_response(exc)
    elif isinstance(exc, DATABASE_OUTAGE):
        logger.warning("The user database is unavailable", exc_info=exc)
        response = _response(_database_unavailable(), RETRY_AFTER)
    elif isinstance(exc, UnreadablePostError):
        response = _response(problem(*describe_bad_request(exc)))
    else:
        logger.error("Unexpected error", exc_info=exc)
        response = _response(_internal_error())
    response.content_type = PROBLEM_JSON
    return _html_page(context["request"], response) if prefers_html(context["request"]) else response


def _html_page(request: HttpRequest, response: Response) -> HttpResponse:
    """The problem document of `response` as an HTML page. Uses neither the session nor the database."""
    document = response.data
    login = f"{reverse('admin:login')}?{urlencode({'next': request.get_full_path()})}"
    context = {
        "problem": document,
        "login_url": login if document["status"] == HTTPStatus.UNAUTHORIZED else None,
        "request_id": get_guid(),
    }
    page = HttpResponse(render_to_string("problem.html", context), status=response.status_code)
    for name, value in response.items():
        page.headers.setdefault(name, value)
    patch_vary_headers(page, ["Accept"])
    return page


def _order_error_response(error: OrderError) -> Response:
    if isinstance(error, StoreUnavailableError):
        logger.warning("DynamoDB is unavailable: %s", error.reason)
        return _retry_later(error.code, str(error))
    document = problem(STATUS_OF[type(error)], error.code, str(error))
    if isinstance(error, IllegalTransitionError | VersionMismatchError):
        document["order"] = order_document(error.order)
    if isinstance(error, UnreadableOrderError):
        document["unreadable"] = unreadable_document(error.order)
    return _response(document)


def _retry_later(code: str, detail: str) -> Response:
    return _response(problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail), RETRY_AFTER)


def _database_unavailable() -> dict[str, Any]:
    detail = "The user database is unavailable. Try again in a moment."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", detail)


def _api_exception_response(exc: exceptions.APIException) -> Response:
    if isinstance(exc, exceptions.ValidationError):
        detail = "The request is invalid. `errors` lists each error."
        document = problem(HTTPStatus.BAD_REQUEST, "invalid", detail, list(_field_errors(exc.detail)))
    else:
        document = problem(HTTPStatus(exc.status_code), _code(exc), str(exc.detail))
    if isinstance(exc, PreconditionFailedError):
        document["order"] = order_document(exc.order)
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


def _field_errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
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


def _internal_error() -> dict[str, Any]:
    detail = "An unexpected error occurred. It was logged with the id in X-Request-Id."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def _response(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(document, status=document["status"], headers=headers)


# --- Errors outside the API's views -----------------------------------------------------------------------------------


def describe_bad_request(exception: Exception) -> tuple[HTTPStatus, str, Message]:
    """The status, code and detail for a request that Django could not parse or considered suspicious."""
    detail = Message("The request is malformed.")
    if isinstance(exception, DisallowedHost):
        detail = Message("The Host header names an unknown host.")
    elif isinstance(exception, TooManyFieldsSent):
        limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        detail = Message("The request has more than %(limit)d fields or parameters.", limit=limit)
    elif isinstance(exception, DataError):
        detail = Message(
            "The request contains text or a number that cannot be stored or searched for, such as a NUL character."
        )
    return HTTPStatus.BAD_REQUEST, "bad_request", detail


def server_error() -> HttpResponse:
    """The response to an unexpected error."""
    return problem_response(_internal_error())


def database_unavailable() -> HttpResponse:
    """The response when the relational database is unavailable."""
    return problem_response(_database_unavailable(), RETRY_AFTER)


def timed_out() -> HttpResponse:
    """The response to a request that timed out."""
    detail = (
        "The request timed out, and its change may or may not have been saved. Read the order to check, or repeat a "
        "POST with its Idempotency-Key."
    )
    return problem_response(problem(HTTPStatus.SERVICE_UNAVAILABLE, "timed_out", detail), RETRY_AFTER)


def problem_response(document: dict[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A problem document outside REST framework's views."""
    return HttpResponse(orjson.dumps(document), status=document["status"], content_type=PROBLEM_JSON, headers=headers)

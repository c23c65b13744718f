"""Middleware for every request."""

import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django_guid.middleware import guid_middleware

from orders.api.media_types import HTML
from orders.dashboard.responses import SAFE_METHODS
from orders.message import Message
from ordersite import error_views

TIME_ZONE_COOKIE = "timezone"

REQUEST_ID = "HTTP_X_REQUEST_ID"
UUID_TEXT = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

UTF_8 = ("utf-8", "utf8", "us-ascii")
"""The charsets that a body may name; ASCII is a subset of UTF-8."""

GetResponse = Callable[[HttpRequest], HttpResponse]

logger = logging.getLogger(__name__)


class RequestIdMiddleware:
    """Gives each request an id for the logs and for `X-Request-Id`, with django-guid.

    A caller's id is used only if it is a UUID in the usual form of 36 characters. django-guid would also accept a UUID
    with extra dashes and braces, and would log the ids that it refuses.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = guid_middleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not UUID_TEXT.fullmatch(request.META.get(REQUEST_ID, "")):
            request.META.pop(REQUEST_ID, None)
        response: HttpResponse = self.get_response(request)
        return response


class ResponseDefaultsMiddleware:
    """Sets `Cache-Control: no-store` unless a response has its own, and makes permanent redirects keep the method.

    Almost every response contains customers' data. A client that follows a 301 may send GET instead of POST
    (RFC 9110, section 15.4.2), and an order would be lost on its way to HTTPS; a 308 makes it repeat the same request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        if response.status_code == HTTPStatus.MOVED_PERMANENTLY and request.method not in SAFE_METHODS:
            response.status_code = HTTPStatus.PERMANENT_REDIRECT
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Adds django-csp's header to pages, but not to API responses, because JSON runs no scripts."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith(HTML):
            return response
        return super().process_response(request, response)


class Refusal(NamedTuple):
    status: HTTPStatus
    code: str
    detail: Message
    headers: Mapping[str, str] = MappingProxyType({})


class RequestShapeMiddleware:
    """Refuses malformed requests that later code could not handle, and buffers chunked bodies.

    1. For a malformed query string, Django returns a 400.
    2. A session cookie that cannot be a session key is removed, because PostgreSQL refuses a NUL in a text.
    3. A body must have a valid length and no coding, and be UTF-8; otherwise the response is a 400, 411, 413 or 415.
    4. A 405 without a body gets one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Raises SuspiciousOperation here instead of later, while an error page is rendered.
        request.GET  # noqa: B018
        _drop_invalid_session(request)
        if (refusal := _refusal(request)) is not None:
            return error_views.refused(request, *refusal)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return error_views.method_not_allowed(request, response["Allow"])
        return response


def _drop_invalid_session(request: HttpRequest) -> None:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if key is not None and not (key.isascii() and key.isalnum()):
        del request.COOKIES[settings.SESSION_COOKIE_NAME]


def _refusal(request: HttpRequest) -> Refusal | None:
    length, transfer = request.META.get("CONTENT_LENGTH") or "", request.META.get("HTTP_TRANSFER_ENCODING")
    if length in ("", "0") and transfer is None:
        return None
    return _coding_refusal(request, transfer) or _length_refusal(request, length) or _charset_refusal(request)


def _coding_refusal(request: HttpRequest, transfer: str | None) -> Refusal | None:
    codings = request.META.get("HTTP_CONTENT_ENCODING") or "identity", transfer or "chunked"
    if all(coding.strip().lower() in ("identity", "chunked") for coding in codings):
        return None
    detail = Message("The body is compressed. Send it uncompressed, without Content-Encoding.")
    # This header in a 415: RFC 9110, section 12.5.3.
    headers = {"Accept-Encoding": "identity"}
    return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail, headers)


def _length_refusal(request: HttpRequest, length: str) -> Refusal | None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not length:
        return _buffer_refusal(request, limit)
    if not (length.isascii() and length.isdecimal()):
        return Refusal(HTTPStatus.BAD_REQUEST, "bad_request", Message("Content-Length is not a whole number."))
    return _too_large(limit) if len(length) > len(str(limit)) or int(length) > limit else None


def _too_large(limit: int) -> Refusal:
    detail = Message("The body is larger than %(limit)d bytes.", limit=limit)
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)


def _buffer_refusal(request: HttpRequest, limit: int) -> Refusal | None:
    """Read a body without a length into memory, so that later code sees a body with a length.

    Without `wsgi.input_terminated`, the stream does not end with the body, and reading would block.
    """
    if not request.META.get("wsgi.input_terminated"):
        return Refusal(HTTPStatus.LENGTH_REQUIRED, "length_required", Message("Send the body with a Content-Length."))
    try:
        body = request.META["wsgi.input"].read(limit + 1)
    except Exception as error:  # noqa: BLE001 (each server raises its own; gunicorn's have no other common class)
        logger.info("The body could not be read: %r", error)
        detail = Message("The body ended too early, or its chunks are malformed.")
        return Refusal(HTTPStatus.BAD_REQUEST, "bad_request", detail)
    if len(body) > limit:
        return _too_large(limit)
    request.META["CONTENT_LENGTH"] = str(len(body))
    # Subclasses of HttpRequest set this to the stream of the body: django/http/request.py.
    request._stream = BytesIO(body)  # noqa: SLF001
    return None


def _charset_refusal(request: HttpRequest) -> Refusal | None:
    """JSON has no charset (RFC 8259, section 11), so a charset with it is ignored."""
    params = request.content_params or {}
    charset = next((value for name, value in params.items() if name.lower() == "charset"), "utf-8")
    if charset.strip().lower() in UTF_8 or request.content_type == "application/json":
        return None
    detail = Message("Send the body as UTF-8. No other charset is supported.")
    return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


class UserTimeZoneMiddleware:
    """Shows times in the time zone of the browser, which a script on every page stores in a cookie, or else in UTC."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = _zone(request.COOKIES.get(TIME_ZONE_COOKIE))
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # The cookie can contain anything, including a path outside zoneinfo's folder.
        return None

"""The WSGI application that gunicorn and Zappa serve."""

import logging
import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import django
from django.conf import settings
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.urls import get_resolver
from django.utils.datastructures import MultiValueDict
from django.utils.http import parse_header_parameters
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersite.settings")

django.setup(set_prefix=False)

from accounts.client_address import address_of  # noqa: E402 (the settings must be loaded first)
from orders import dynamodb  # noqa: E402
from ordersite.error_views import server_error  # noqa: E402

logger = logging.getLogger(__name__)


class Request(WSGIRequest):
    """Always UTF-8; the charset in Content-Type is ignored.

    Django would decode the query string with that charset before any error handling: `charset=rot13` raises
    LookupError. `ordersite.middleware.RequestShapeMiddleware` refuses a body in another charset.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            # Later parsing of the header would raise as well.
            self.content_type, self.content_params = "", {}
            meta["CONTENT_TYPE"] = ""

    def parse_file_upload(self, META: Any, post_data: Any) -> tuple[QueryDict, MultiValueDict[str, Any]]:  # noqa: N803 (Django's signature)
        """Raises MultiPartParserError, a 400, even if the header of a part has an invalid charset."""
        try:
            return super().parse_file_upload(META, post_data)
        except (LookupError, ValueError) as error:
            raise MultiPartParserError(f"Malformed part: {error}") from error


class Handler(WSGIHandler):
    """Django's handler with the client's address in REMOTE_ADDR, which the server's access log shows as well.

    A failure before or after Django's error handling is logged and becomes a 500 in our own format.
    """

    request_class = Request

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> HttpResponseBase:
        try:
            environ["REMOTE_ADDR"] = address_of(environ)
            return super().__call__(environ, start_response)
        except Exception:
            logger.exception("The request failed outside of Django's error handling")
            response = _server_error(environ)
            start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
            return response


def _server_error(environ: "WSGIEnvironment") -> HttpResponse:
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = environ.get("HTTP_ACCEPT", "")
    response = server_error(request)
    response["Cache-Control"] = "no-store"
    response["X-Request-Id"] = str(uuid4())
    return response


application = Handler()


def _load() -> None:
    """Load what Django and botocore would load during the first request. Opens no connection."""
    _ = get_resolver().url_patterns
    dynamodb.prepare()
    connection.ops.compiler("SQLCompiler")
    for name in (settings.MESSAGE_STORAGE, settings.SESSION_SERIALIZER):
        import_string(name)
    for alias in settings.CACHES:
        _ = caches[alias]


_load()

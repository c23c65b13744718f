"""The language of a response: pages follow the browser, everything that a program reads is in English."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from orders.api.media_types import prefers_html

API = frozenset({"orders", "lifecycle", "healthz", "schema"})
"""The first part of the path of every endpoint."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """Activates the language of `Accept-Language` for pages, and English for the API and for any other program.

    Django's LocaleMiddleware would also translate the validation messages of the API, and would leave the language
    active in the thread after the response.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        if is_in_api(request):
            return response
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept", "Accept-Language"])
        return response


def language_of(request: HttpRequest) -> str:
    """The language of the response: that of the browser for a page, else English."""
    if is_in_api(request) or not wants_page(request):
        return settings.LANGUAGE_CODE
    return translation.get_language_from_request(request)


def is_in_api(request: HttpRequest) -> bool:
    return request.path_info.strip("/").partition("/")[0] in API


def wants_page(request: HttpRequest) -> bool:
    """Whether the client is a browser that loads a page, or a part of one with htmx."""
    return prefers_html(request) or "HX-Request" in request.headers

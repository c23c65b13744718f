"""The media types of the API's responses, and which of them a request prefers."""

from django.http import HttpRequest

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html"


def prefers_html(request: HttpRequest) -> bool:
    """Whether the client names HTML in its Accept header and prefers it to JSON: a browser, not a program."""
    if HTML not in request.META.get("HTTP_ACCEPT", ""):
        return False
    try:
        return request.get_preferred_type((JSON, PROBLEM_JSON, HTML)) == HTML
    except ValueError:
        # Django cannot parse the header.
        return False

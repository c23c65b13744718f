"""The media types of the API's responses, and whether a request prefers HTML."""

from django.http import HttpRequest

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html"


def prefers_html(request: HttpRequest) -> bool:
    """Whether the Accept header names HTML and prefers it to JSON, as browsers' headers do."""
    if HTML not in request.META.get("HTTP_ACCEPT", ""):
        return False
    try:
        return request.get_preferred_type((JSON, PROBLEM_JSON, HTML)) == HTML
    except ValueError:
        # Django cannot parse the header.
        return False

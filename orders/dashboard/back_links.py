"""Links back to the list and to the order, with the list's filters and cursor.

Pages and forms pass the list's query string on as `back`. Anything in it that is not a filter or a cursor is dropped.
"""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from orders.dashboard.filters import Query


def list_query(request: HttpRequest) -> str:
    """The query string of the list that the user came from."""
    return _query(request).text()


def list_url(request: HttpRequest) -> str:
    return _query(request).url()


def detail_url(request: HttpRequest, order_id: str) -> str:
    back = list_query(request)
    return reverse("dashboard:detail", args=[order_id]) + (f"?{urlencode({'back': back})}" if back else "")


def list_context(request: HttpRequest) -> dict[str, str]:
    return {"back": list_query(request), "list_url": list_url(request)}


def order_context(request: HttpRequest, order_id: str) -> dict[str, str]:
    return {**list_context(request), "detail_url": detail_url(request, order_id)}


def _query(request: HttpRequest) -> Query:
    return Query.parse(request.POST.get("back") or request.GET.get("back") or "")

"""A page of orders as a JSON document, with the URLs of the next and the previous page."""

from typing import Any

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from orders.api.representation import order_document, unreadable_document
from orders.listing import Page
from orders.models import Order
from orders.reading import UnreadableOrder


def page_document(request: Request, page: Page) -> dict[str, Any]:
    document = {
        "results": [order_document(order) for order in page.orders if isinstance(order, Order)],
        "next": _page_url(request, page.next),
        "previous": _page_url(request, page.previous),
    }
    # Not among the results, because clients expect every result to be an order.
    if unreadable := [unreadable_document(order) for order in page.orders if isinstance(order, UnreadableOrder)]:
        document["unreadable"] = unreadable
    return document


def _page_url(request: Request, cursor: str | None) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None


def links(document: dict[str, Any]) -> dict[str, str]:
    """The `Link` header (RFC 8288); empty if there is no other page."""
    relations = {"next": document["next"], "prev": document["previous"]}
    link = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in relations.items() if url)
    return {"Link": link} if link else {}

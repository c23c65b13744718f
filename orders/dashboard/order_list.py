"""The order list: its page, the status tabs with their counts, and updates of the rows shown."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import ADD, CHANGE, DELETE, VIEW
from orders import listing
from orders.counts import cached_status_counts, status_counts
from orders.dashboard.filters import Query
from orders.dashboard.order_ids import valid_order_ids, with_canonical_ids
from orders.dashboard.responses import render
from orders.dashboard.search import search_url
from orders.dashboard.staff_page import staff_page
from orders.dynamodb import BATCH_GET_LIMIT
from orders.errors import InvalidCursorError
from orders.lifecycle import Status
from orders.templatetags.orders_display import status_label

PAGE_SIZE = 25


@require_safe
@staff_page(VIEW)
def order_list(request: HttpRequest) -> HttpResponse:
    query = Query(request.GET)
    if query.is_only_search:
        return redirect(search_url(query.search_term))
    if not query.is_valid:
        return render(request, "dashboard/list.html", _list_context(request, query), HTTPStatus.BAD_REQUEST)
    try:
        found = listing.page(query.filters(), limit=PAGE_SIZE, cursor=query.cursor)
    except InvalidCursorError:
        # Probably an old bookmark. Show the first page of the same filters.
        return redirect(query.url(cursor=None))
    return render(request, "dashboard/list.html", {**_list_context(request, query), **_found_context(query, found)})


def _list_context(request: HttpRequest, query: Query) -> dict[str, Any]:
    return {
        "title": _("Orders"),
        "query": query,
        "search_url": search_url(query.search_term) if query.search_term else None,
        "chips": list(query.chips()) if query.is_valid else [],
        **(_tabs_context(query, cached_status_counts()) if query.is_valid else {}),
        "back": query.text(),
        "selection": query.text(cursor=None),
        "may_add": request.user.has_perm(ADD.perm),
        "may_change": request.user.has_perm(CHANGE.perm),
        "may_delete": request.user.has_perm(DELETE.perm),
        "now": timezone.now(),
    }


def _found_context(query: Query, found: listing.Page) -> dict[str, Any]:
    first_page = found.previous is None
    newest = listing.newer_cursor(found.orders[0], query.filters()) if found.orders and first_page else ""
    return {
        "orders": found.orders,
        "older": query.url(cursor=found.next) if found.next else None,
        "newer": query.url(cursor=found.previous) if found.previous else None,
        "newest": newest,
    }


@require_safe
@staff_page(VIEW)
def counts(request: HttpRequest) -> HttpResponse:
    """The tabs with their counts. The list fetches them after it has loaded, because counting is slow.

    Without JavaScript, this redirects to the list, which then shows the counts from the cache.
    """
    query = Query(request.GET)
    if not query.is_valid:
        return redirect(query.url())
    counted = status_counts()
    if "HX-Request" not in request.headers:
        return redirect(query.url())
    return render(request, "dashboard/tabs.html", _tabs_context(query, counted))


def _tabs_context(query: Query, counts: dict[Status, int]) -> dict[str, Any]:
    # The counts are of all orders, so they would be misleading beside other filters.
    shown = {} if query.is_narrowed else counts
    text = query.text()
    counts_url = reverse("dashboard:counts") + (f"?{text}" if text else "")
    still_to_count = not query.is_narrowed and len(shown) < len(Status)
    return {"tabs": _tabs(query, shown), "counts_url": counts_url if still_to_count else None}


def _tabs(query: Query, counts: dict[Status, int]) -> list[dict[str, Any]]:
    every = {"name": _("All"), "count": None, "url": query.url(status=None), "active": query.status is None}
    return [
        every,
        *(
            {
                "name": status_label(status),
                "count": counts.get(status),
                "url": query.url(status=status.value),
                "active": query.status is status,
            }
            for status in Status
        ),
    ]


@require_safe
@staff_page(VIEW)
def live(request: HttpRequest) -> HttpResponse:
    """Updates of an open list: the current status of its rows, and the number of new orders."""
    query = Query(request.GET)
    if not query.is_valid:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    try:
        new_orders = _new_orders(query, request.GET.get("newest"))
    except InvalidCursorError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    context = {
        "orders": listing.get_many(with_canonical_ids(valid_order_ids(request.GET.getlist("id"))[:PAGE_SIZE])),
        "count": len(new_orders.orders),
        "more": new_orders.previous,
        "newest_url": query.url(cursor=None),
        "now": timezone.now(),
    }
    return render(request, "dashboard/live.html", context)


def _new_orders(query: Query, newest: str | None) -> listing.Page:
    """The orders placed since the list was loaded. Only its first page reports them."""
    if not newest:
        return listing.Page([], None, None)
    return listing.page(query.filters(), limit=BATCH_GET_LIMIT, cursor=newest)

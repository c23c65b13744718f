"""The pages about orders: list, one order, what can be done with it, and a new one."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.callers import caller_id, caller_label
from accounts.permissions import ADD, CHANGE, DELETE, VIEW
from orders import listing, store
from orders.dashboard.filters import Query
from orders.dashboard.forms import ChangeStatusForm, DeleteForm, PlaceOrderForm
from orders.dashboard.pages import page, render
from orders.dashboard.search import destination
from orders.errors import IllegalTransitionError, InvalidCursorError, OrderNotFoundError, VersionMismatchError
from orders.lifecycle import Status
from orders.models import Order

PAGE_SIZE = 25


@require_GET
@page(VIEW)
def order_list(request: HttpRequest) -> HttpResponse:
    query = Query(request.GET)
    if not query.is_valid:
        return render(request, "dashboard/list.html", _list_context(request, query), HTTPStatus.BAD_REQUEST)
    try:
        found = listing.page(query.filters(), limit=PAGE_SIZE, cursor=query.cursor)
    except InvalidCursorError:
        # An old bookmark, most likely: the first page of the same filters is what the person wants.
        return redirect(query.url(cursor=None))
    return render(request, "dashboard/list.html", {**_list_context(request, query), **_found_context(query, found)})


def _list_context(request: HttpRequest, query: Query) -> dict[str, Any]:
    return {
        "title": _("Orders"),
        "query": query,
        "chips": list(query.chips()) if query.is_valid else [],
        "tabs": _tabs(query) if query.is_valid else [],
        "back": query.text(),
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


def _tabs(query: Query) -> list[dict[str, Any]]:
    every = {"name": _("All"), "count": None, "url": query.url(status=None), "active": query.status is None}
    counts = listing.recent_counts()
    return [
        every,
        *(
            {
                "name": status.value,
                "count": counts[status],
                "url": query.url(status=status.value),
                "active": query.status is status,
            }
            for status in Status
        ),
    ]


@require_GET
@page(VIEW)
def live(request: HttpRequest) -> HttpResponse:
    """What has changed under a list that somebody is reading: the state of the rows shown, and what came in."""
    query = Query(request.GET)
    if not query.is_valid:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    shown = listing.get_many(request.GET.getlist("id")[:PAGE_SIZE])
    try:
        came_in = listing.page(query.filters(), limit=listing.BATCH_GET_LIMIT, cursor=request.GET.get("newest") or None)
    except InvalidCursorError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    count = len(came_in.orders) if request.GET.get("newest") else 0
    context = {"orders": shown, "count": count, "more": came_in.previous, "query": query, "now": timezone.now()}
    return render(request, "dashboard/live.html", context)


@require_GET
@page(VIEW)
def search(request: HttpRequest) -> HttpResponse:
    term = request.GET.get("q", "").strip()
    if not term:
        return redirect("dashboard:list")
    found = destination(term)
    if found is None:
        return render(request, "dashboard/search.html", {"title": _("Search"), "term": term}, HTTPStatus.NOT_FOUND)
    return redirect(found.url)


# --- One order --------------------------------------------------------------------------------------------------------


@require_GET
@page(VIEW)
def detail(request: HttpRequest, order_id: str) -> HttpResponse:
    order = store.get(order_id)
    context = {
        "title": _("Order %s") % order.order_id[:8],
        "order": order,
        "back": _back(request),
        "list_url": _list_url(request),
        "may_change": request.user.has_perm(CHANGE.perm),
        "may_delete": request.user.has_perm(DELETE.perm),
        "now": timezone.now(),
    }
    return render(request, "dashboard/detail.html", context)


@require_GET
@page(VIEW)
def raw(request: HttpRequest, order_id: str) -> HttpResponse:  # noqa: ARG001 (a view)
    """The order as the table keeps it."""
    attributes = store.get(order_id).to_simple_dict()
    return JsonResponse(attributes, json_dumps_params={"indent": 2, "ensure_ascii": False})


@require_http_methods(["GET", "POST"])
@page(CHANGE)
def change_status(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET asks whether it is meant, POST does it."""
    form = ChangeStatusForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return redirect(_detail_url(request, order_id))
    to, version = form.cleaned_data["to"], form.cleaned_data["version"]
    if request.method == "GET":
        context = {"title": _("Change to %s?") % to, "to": to, "version": version, "order": store.get(order_id)}
        return render(request, "dashboard/confirm.html", {**context, **_return(request, order_id)})
    try:
        order = store.change_status(order_id, to, at=timezone.now(), by=caller_label(request.user), versions={version})
    except (VersionMismatchError, IllegalTransitionError) as error:
        return _conflict(request, error.order, to=to, seen=version)
    messages.success(request, _("The order is %s now.") % order.status)
    return redirect(_detail_url(request, order_id))


@require_http_methods(["GET", "POST"])
@page(DELETE)
def delete(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET asks whether it is meant, POST does it."""
    form = DeleteForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return redirect(_detail_url(request, order_id))
    version = form.cleaned_data["version"]
    if request.method == "GET":
        context = {"title": _("Delete for good?"), "to": None, "version": version, "order": store.get(order_id)}
        return render(request, "dashboard/confirm.html", {**context, **_return(request, order_id)})
    try:
        store.delete(order_id, versions={version})
    except VersionMismatchError as error:
        return _conflict(request, error.order, to=None, seen=version)
    except OrderNotFoundError:
        messages.info(request, _("The order had been deleted already."))
    else:
        messages.success(request, _("Order %s is deleted.") % order_id)
    return redirect(_list_url(request))


def _conflict(request: HttpRequest, order: Order, *, to: Status | None, seen: int) -> HttpResponse:
    """The order has moved since the person saw it: both sides, and the person decides. Nothing has been written."""
    context = {
        "title": _("The order has changed meanwhile"),
        "order": order,
        "to": to,
        "seen": seen,
        "before": order.history[seen - 1] if 0 < seen <= len(order.history) else None,
        "since": order.history[seen:],
        "still_possible": to is None or to in order.allowed_transitions,
        "now": timezone.now(),
    }
    context |= _return(request, order.order_id)
    return render(request, "dashboard/conflict.html", context, HTTPStatus.CONFLICT)


def _back(request: HttpRequest) -> str:
    """The list's query string, as the page before handed it on; anything else in it is dropped."""
    given = request.POST.get("back") or request.GET.get("back") or ""
    return Query.parse(given).text()


def _list_url(request: HttpRequest) -> str:
    return Query.parse(_back(request)).url()


def _detail_url(request: HttpRequest, order_id: str) -> str:
    back = _back(request)
    return reverse("dashboard:detail", args=[order_id]) + (f"?{urlencode({'back': back})}" if back else "")


def _return(request: HttpRequest, order_id: str) -> dict[str, str]:
    return {"back": _back(request), "list_url": _list_url(request), "detail_url": _detail_url(request, order_id)}


# --- A new order ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@page(ADD)
def create(request: HttpRequest) -> HttpResponse:
    form = PlaceOrderForm(request.POST) if request.method == "POST" else PlaceOrderForm(initial={"token": uuid4()})
    if not (form.is_bound and form.is_valid()):
        status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
        return render(request, "dashboard/create.html", {"title": _("New order"), "form": form}, status)
    wish = form.cleaned_data
    order_id = store.idempotent_order_id(caller=caller_id(request.user), key=str(wish.pop("token")))
    order = store.place(**wish, order_id=order_id, at=timezone.now(), by=caller_label(request.user)).order
    link = reverse("dashboard:detail", args=[order.order_id])
    messages.success(request, format_html(_('Order <a href="{}">{}</a> is placed.'), link, order.order_id[:8]))
    return redirect("dashboard:list")

"""The pages about orders: list, one order, what can be done with it, and a new one."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.callers import caller_id, caller_label
from accounts.permissions import ADD, CHANGE, DELETE, VIEW
from orders import listing, store
from orders.counts import cached_status_counts, status_counts
from orders.dashboard.filters import SEARCH_NAME, Query
from orders.dashboard.forms import ChangeStatusForm, DeleteForm, PlaceOrderForm
from orders.dashboard.order_ids import possible, spellings
from orders.dashboard.pages import page, render
from orders.dashboard.search import destination, hidden_in
from orders.dynamodb import BATCH_GET_LIMIT
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    InvalidCursorError,
    OrderNotFoundError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.lifecycle import Status, is_terminal
from orders.models import Order, OutsideRevision, Revision
from orders.reading import plain_json
from orders.text import pieces, trimmed, visible

PAGE_SIZE = 25


class Ask(NamedTuple):
    """The texts of the page that asks before an action."""

    question: Promise
    button: Promise


ASK_TO_DELETE = Ask(gettext_lazy("Delete this order?"), gettext_lazy("Delete order"))
ASK_TO_CHANGE = {
    Status.PROCESSING: Ask(gettext_lazy("Start processing this order?"), gettext_lazy("Start processing")),
    Status.COMPLETED: Ask(gettext_lazy("Complete this order?"), gettext_lazy("Complete order")),
    Status.CANCELLED: Ask(gettext_lazy("Cancel this order?"), gettext_lazy("Cancel order")),
}


@require_safe
@page(VIEW)
def order_list(request: HttpRequest) -> HttpResponse:
    query = Query(request.GET)
    if query.is_only_search:
        return redirect(_search_url(query.search_term))
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
        "search_url": _search_url(query.search_term) if query.search_term else None,
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
@page(VIEW)
def counts(request: HttpRequest) -> HttpResponse:
    """The tabs with their counts, which the list fetches after it is there: counting must not hold up the orders.

    Without scripts the way leads back to the list, which then finds them counted.
    """
    query = Query(request.GET)
    if not query.is_valid:
        return redirect(query.url())
    counted = status_counts()
    if "HX-Request" not in request.headers:
        return redirect(query.url())
    return render(request, "dashboard/tabs.html", _tabs_context(query, counted))


def _tabs_context(query: Query, counts: dict[Status, int]) -> dict[str, Any]:
    # The counts are of all orders; beside the filters of a person they would only mislead.
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
                "name": status.value,
                "count": counts.get(status),
                "url": query.url(status=status.value),
                "active": query.status is status,
            }
            for status in Status
        ),
    ]


@require_safe
@page(VIEW)
def live(request: HttpRequest) -> HttpResponse:
    """What has changed under a list that somebody is reading: the state of the rows shown, and what came in."""
    query = Query(request.GET)
    if not query.is_valid:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    try:
        came_in = _came_in(query, request.GET.get("newest"))
    except InvalidCursorError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    context = {
        "orders": listing.get_many(spellings(possible(request.GET.getlist("id"))[:PAGE_SIZE])),
        "count": len(came_in.orders),
        "more": came_in.previous,
        "newest_url": query.url(cursor=None),
        "now": timezone.now(),
    }
    return render(request, "dashboard/live.html", context)


def _came_in(query: Query, newest: str | None) -> listing.Page:
    """What has come in since; nothing for a page further down, which has its newer ones behind a button."""
    if not newest:
        return listing.Page([], None, None)
    return listing.page(query.filters(), limit=BATCH_GET_LIMIT, cursor=newest)


@require_safe
@page(VIEW)
def search(request: HttpRequest) -> HttpResponse:
    term = trimmed(request.GET.get(SEARCH_NAME, ""))
    if not term:
        return redirect("dashboard:list")
    found = destination(store.stored_id(term))
    if found is None:
        context = {"title": _("Search"), "term": term, "hidden": hidden_in(term)}
        return render(request, "dashboard/search.html", context, HTTPStatus.NOT_FOUND)
    return redirect(found.url)


def _search_url(term: str) -> str:
    return f"{reverse('dashboard:search')}?{urlencode({SEARCH_NAME: term})}"


# --- One order --------------------------------------------------------------------------------------------------------


@require_safe
@page(VIEW)
def detail(request: HttpRequest, order_id: str) -> HttpResponse:
    order = store.get(order_id)
    context = {
        "title": _("Order %s") % order.order_id[:8],
        "order": order,
        "back": _back(request),
        "list_url": _list_url(request),
        "actions": [(to, ASK_TO_CHANGE[to].button, is_terminal(to)) for to in order.allowed_transitions],
        "may_change": request.user.has_perm(CHANGE.perm),
        "may_delete": request.user.has_perm(DELETE.perm),
        "now": timezone.now(),
    }
    return render(request, "dashboard/detail.html", context)


@require_safe
@page(VIEW)
def raw(request: HttpRequest, order_id: str) -> HttpResponse:
    """The order as the table keeps it."""
    try:
        stored = store.get(order_id).stored
    except UnreadableOrderError as error:
        stored = error.order.stored
    response = JsonResponse(plain_json(stored), json_dumps_params={"indent": 2, "ensure_ascii": False})
    # A browser shows this as plain text, where a direction override would reorder a line.
    parts = pieces(response.content.decode())
    response.content = "".join(json.dumps(part)[1:-1] if is_hidden else part for part, is_hidden in parts)
    patch_cache_control(response, no_store=True)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@page(CHANGE)
def change_status(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET asks whether it is meant, POST does it."""
    form = ChangeStatusForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _nothing_done(request, order_id)
    to, version = form.cleaned_data["to"], form.cleaned_data["version"]
    if request.method != "POST":
        return _confirm(request, store.get(order_id), to=to, seen=version)
    by = caller_label(request.user)
    try:
        order = store.change_status(order_id, to, at=timezone.now(), by=by, versions={version})
    except (VersionMismatchError, IllegalTransitionError) as error:
        return _conflict(request, error.order, to=to, seen=version)
    if order.was_moved_by(by, since=version):
        messages.success(request, _("The order is %s now.") % order.status)
    else:
        messages.info(request, _("The order was %s already. You changed nothing.") % order.status)
    return redirect(_detail_url(request, order.order_id))


@require_http_methods(["GET", "HEAD", "POST"])
@page(DELETE)
def delete(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET asks whether it is meant, POST does it."""
    form = DeleteForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _nothing_done(request, order_id)
    version = form.cleaned_data["version"]
    if request.method != "POST":
        return _confirm(request, store.get(order_id), to=None, seen=version)
    try:
        store.delete(order_id, versions={version})
    except VersionMismatchError as error:
        return _conflict(request, error.order, to=None, seen=version)
    except OrderNotFoundError:
        messages.info(request, _("The order had been deleted already."))
    else:
        messages.success(request, _("Order %s is deleted.") % visible(order_id))
    return redirect(_list_url(request))


@require_http_methods(["GET", "HEAD", "POST"])
@page(DELETE)
def delete_unreadable(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET asks whether to delete an unreadable order, POST deletes it. It has no version for the form to send."""
    try:
        if request.method != "POST":
            return _confirm_unreadable(request, order_id)
        store.delete_unreadable(order_id)
    except VersionMismatchError:
        messages.error(request, _("The order can be read now, so it was not deleted. Check it before you delete it."))
        return redirect(_detail_url(request, order_id))
    except OrderNotFoundError:
        messages.info(request, _("The order had been deleted already."))
    else:
        messages.success(request, _("Order %s is deleted.") % order_id)
    return redirect(_list_url(request))


def _confirm_unreadable(request: HttpRequest, order_id: str) -> HttpResponse:
    try:
        order = store.get(order_id)
    except UnreadableOrderError as error:
        context = {"title": ASK_TO_DELETE.question, "button": ASK_TO_DELETE.button, "order": error.order}
        return render(request, "dashboard/confirm_unreadable.html", {**context, **_return(request, order_id)})
    raise VersionMismatchError(order)


def _nothing_done(request: HttpRequest, order_id: str) -> HttpResponse:
    """No page of ours sends such a form, nor such an address."""
    messages.error(request, _("That was not understood, so nothing has been changed. Choose an action here."))
    return redirect(_detail_url(request, order_id))


def _confirm(request: HttpRequest, order: Order, *, to: Status | None, seen: Revision) -> HttpResponse:
    """Ask before acting, naming the order; if the action is not possible, say why at once."""
    if to is order.status:
        messages.info(request, _("The order is %s already.") % order.status)
        return redirect(_detail_url(request, order.order_id))
    if order.revision != seen or not _is_possible(order, to):
        return _conflict(request, order, to=to, seen=seen)
    ask = ASK_TO_CHANGE[to] if to else ASK_TO_DELETE
    context = {
        "title": ask.question,
        "button": ask.button,
        "to": to,
        "is_final": to is not None and is_terminal(to),
        "version": seen,
        "order": order,
    }
    return render(request, "dashboard/confirm.html", {**context, **_return(request, order.order_id)})


def _is_possible(order: Order, to: Status | None) -> bool:
    return to is None or to in order.allowed_transitions


def _conflict(request: HttpRequest, order: Order, *, to: Status | None, seen: Revision) -> HttpResponse:
    """What the person wants and what the order is do not go together: both sides, and the person decides.

    Nothing has been written.
    """
    moved = order.revision != seen
    version = seen.version if isinstance(seen, OutsideRevision) else seen
    context = {
        "title": _("The order has changed meanwhile") if moved else _("The order cannot become %s") % to,
        "order": order,
        "to": to,
        "seen": seen,
        "before": _status_at(seen, order),
        "since": order.history[version:],
        "still_possible": _is_possible(order, to),
        "now": timezone.now(),
    }
    context |= _return(request, order.order_id)
    return render(request, "dashboard/conflict.html", context, HTTPStatus.CONFLICT)


def _status_at(seen: Revision, order: Order) -> Status | None:
    """The status that the order had at that revision; None if it is not known."""
    if isinstance(seen, OutsideRevision):
        return seen.status
    return order.history[seen - 1].status if 0 < seen <= len(order.history) else None


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


@require_http_methods(["GET", "HEAD", "POST"])
@page(ADD)
def create(request: HttpRequest) -> HttpResponse:
    form = PlaceOrderForm(request.POST) if request.method == "POST" else PlaceOrderForm(initial={"token": uuid4()})
    if not form.is_bound:
        return _create_page(request, form, HTTPStatus.OK)
    if not form.is_valid():
        return _create_page(request, form, HTTPStatus.BAD_REQUEST)
    wish = form.cleaned_data
    order_id = store.idempotent_order_id(caller=caller_id(request.user), key=str(wish.pop("token")))
    try:
        order = store.place(**wish, order_id=order_id, at=timezone.now(), by=caller_label(request.user)).order
    except IdempotencyKeyReusedError:
        return _placed_another(request, form, order_id)
    messages.success(request, format_html(_("Order {} is placed."), _link(order.order_id)))
    return redirect("dashboard:list")


def _create_page(request: HttpRequest, form: PlaceOrderForm, status: HTTPStatus) -> HttpResponse:
    wrong = [field.name for field in form.visible_fields() if field.errors]
    form.fields[wrong[0] if wrong else "item"].widget.attrs["autofocus"] = True
    return render(request, "dashboard/create.html", {"title": _("New order"), "form": form}, status)


def _placed_another(request: HttpRequest, form: PlaceOrderForm, order_id: str) -> HttpResponse:
    """Somebody went back to a form that had been sent, and changed it: an order more, or a mistake? They say."""
    form.data = {**request.POST.dict(), "token": str(uuid4())}
    sentence = _(
        "This form has placed order {} already. What you have changed since is in no order: place it to have both."
    )
    form.add_error(None, format_html(sentence, _link(order_id)))
    return _create_page(request, form, HTTPStatus.CONFLICT)


def _link(order_id: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("dashboard:detail", args=[order_id]), order_id[:8])

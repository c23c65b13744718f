"""One action on many orders: a preview that says what would happen to each, then what did happen to each."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.callers import caller_label
from accounts.permissions import CHANGE, DELETE, VIEW, Need, refusal
from orders import listing, store
from orders.dashboard.filters import Query
from orders.dashboard.pages import forbidden, page, render
from orders.errors import IllegalTransitionError, OrderError, OrderNotFoundError, VersionMismatchError
from orders.lifecycle import Status
from orders.models import Order

MOST = 100


class Action(NamedTuple):
    """What may be done to many orders; `to` is None for deleting."""

    label: str
    to: Status | None
    need: Need


ACTIONS: Mapping[str, Action] = {
    "process": Action("PROCESSING", Status.PROCESSING, CHANGE),
    "complete": Action("COMPLETED", Status.COMPLETED, CHANGE),
    "cancel": Action("CANCELLED", Status.CANCELLED, CHANGE),
    "delete": Action("deleted", None, DELETE),
}


class Row(NamedTuple):
    """One order of the preview or of the outcome."""

    order_id: str
    order: Order | None
    acts: bool
    sentence: str


@require_POST
@page(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """What would become of each order that was selected. Writes nothing."""
    back = Query.parse(request.POST.get("back", ""))
    action = ACTIONS.get(request.POST.get("action", ""))
    order_ids = _selected(request.POST)
    if action is None or not order_ids:
        context = {"title": _("Nothing to do"), "chosen": bool(order_ids), "list_url": back.url()}
        return render(request, "dashboard/bulk_nothing.html", context, HTTPStatus.BAD_REQUEST)
    if not request.user.has_perm(action.need.perm):
        return forbidden(request, refusal(request.user, action.need)[1])
    rows = list(_forecast(order_ids, action))
    context = {"title": _("Preview"), "rows": rows, "action": action, "action_name": request.POST["action"]}
    acting = sum(row.acts for row in rows)
    context |= {"acting": acting, "staying": len(rows) - acting, "back": back.text(), "list_url": back.url()}
    return render(request, "dashboard/bulk_preview.html", context)


@require_POST
@page(VIEW)
def apply(request: HttpRequest) -> HttpResponse:
    """Act on the orders of the preview, each only if it is still as it was shown there."""
    action = ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        return redirect("dashboard:list")
    if not request.user.has_perm(action.need.perm):
        return forbidden(request, refusal(request.user, action.need)[1])
    by = caller_label(request.user)
    rows = [_act(order_id, version, action, by) for order_id, version in _versions(request.POST)]
    back = Query.parse(request.POST.get("back", ""))
    context: dict[str, Any] = {"title": _("Outcome"), "rows": rows, "list_url": back.url(), "back": back.text()}
    context |= {"acted": sum(row.acts for row in rows), "stayed": sum(not row.acts for row in rows)}
    return render(request, "dashboard/bulk_outcome.html", context)


def _selected(data: QueryDict) -> list[str]:
    """The rows that were ticked, or every row of the page."""
    return data.getlist("shown" if data.get("all") else "id")[:MOST]


def _versions(data: QueryDict) -> Iterator[tuple[str, int]]:
    """The orders of the preview with the version that it showed; anything malformed is passed over."""
    for text in data.getlist("seen")[:MOST]:
        order_id, _colon, version = text.rpartition(":")
        if order_id and version.isascii() and version.isdecimal():
            yield order_id, int(version)


def _forecast(order_ids: list[str], action: Action) -> Iterator[Row]:
    orders = {order.order_id: order for order in listing.get_many(order_ids)}
    for order_id in order_ids:
        order = orders.get(order_id)
        if order is None:
            yield Row(order_id, None, acts=False, sentence=_("is gone"))
        elif action.to is None:
            yield Row(order_id, order, acts=True, sentence=_("will be deleted"))
        elif action.to in order.allowed_transitions:
            yield Row(order_id, order, acts=True, sentence=_("will become %s") % action.to)
        else:
            yield Row(order_id, order, acts=False, sentence=_("stays, because it is %s") % order.status)


def _act(order_id: str, version: int, action: Action, by: str) -> Row:
    try:
        if action.to is None:
            store.delete(order_id, versions={version})
            return Row(order_id, None, acts=True, sentence=_("was deleted"))
        order = store.change_status(order_id, action.to, at=timezone.now(), by=by, versions={version})
        return Row(order_id, order, acts=True, sentence=_("became %s") % action.to)
    except OrderError as error:
        return _left_alone(order_id, error)


def _left_alone(order_id: str, error: OrderError) -> Row:
    """One order that was not acted on, and why; the others go on."""
    if isinstance(error, VersionMismatchError | IllegalTransitionError):
        sentence = _("was left alone: it has changed since the preview and is %s now") % error.order.status
        return Row(order_id, error.order, acts=False, sentence=sentence)
    if isinstance(error, OrderNotFoundError):
        return Row(order_id, None, acts=False, sentence=_("had been deleted already"))
    return Row(order_id, None, acts=False, sentence=_("was not reached: the order store does not answer"))

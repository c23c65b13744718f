"""Actions on one order: change its status, delete it, and the pages that confirm or refuse these."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.callers import identify
from accounts.permissions import CHANGE, DELETE
from orders import store
from orders.dashboard.back_links import detail_url, list_url, order_context
from orders.dashboard.forms import ChangeStatusForm, DeleteForm
from orders.dashboard.responses import render
from orders.dashboard.staff_page import staff_page
from orders.errors import (
    IllegalTransitionError,
    OrderNotFoundError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.lifecycle import Status, is_terminal
from orders.models import Order, OutsideRevision, Revision
from orders.templatetags.orders_display import status_label
from orders.text import visible


class ActionTexts(NamedTuple):
    """The texts of the confirmation page."""

    question: Promise
    button: Promise


DELETE_TEXTS = ActionTexts(gettext_lazy("Delete this order?"), gettext_lazy("Delete order"))
CHANGE_TEXTS = {
    Status.PROCESSING: ActionTexts(gettext_lazy("Start processing this order?"), gettext_lazy("Start processing")),
    Status.COMPLETED: ActionTexts(gettext_lazy("Complete this order?"), gettext_lazy("Complete order")),
    Status.CANCELLED: ActionTexts(gettext_lazy("Cancel this order?"), gettext_lazy("Cancel order")),
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(CHANGE)
def change_status(request: HttpRequest, order_id: str) -> HttpResponse:
    return _confirm_or_apply(request, order_id, ChangeStatusForm, _change_status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(DELETE)
def delete(request: HttpRequest, order_id: str) -> HttpResponse:
    return _confirm_or_apply(request, order_id, DeleteForm, _delete)


def _confirm_or_apply(
    request: HttpRequest, order_id: str, form_class: type[forms.Form], apply: Callable[..., HttpResponse]
) -> HttpResponse:
    """GET shows a confirmation page. POST calls `apply` with the form's values and shows a conflict if that fails."""
    form = form_class(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _invalid_request(request, order_id)
    to, version = form.cleaned_data.get("to"), form.cleaned_data["version"]
    if request.method != "POST":
        return _confirm(request, store.get(order_id), to=to, seen=version)
    try:
        return apply(request, order_id, **form.cleaned_data)
    except (VersionMismatchError, IllegalTransitionError) as error:
        return _conflict(request, error.order, to=to, seen=version)


def _change_status(request: HttpRequest, order_id: str, *, to: Status, version: Revision) -> HttpResponse:
    by = identify(request.user).label
    order = store.change_status(order_id, to, at=timezone.now(), by=by, versions={version})
    status = status_label(order.status)
    if order.was_moved_by(by, to=to, since=version):
        messages.success(request, _("The order is now %s.") % status)
    else:
        messages.info(request, _("The order was already %s. Nothing was changed.") % status)
    return redirect(detail_url(request, order.order_id))


def _delete(request: HttpRequest, order_id: str, *, version: Revision) -> HttpResponse:
    try:
        store.delete(order_id, versions={version})
    except OrderNotFoundError:
        messages.info(request, _("The order was already deleted."))
    else:
        messages.success(request, _("Order %s was deleted.") % visible(order_id))
    return redirect(list_url(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(DELETE)
def delete_unreadable(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET shows a confirmation page. POST deletes the order, which has no version for the form to send."""
    try:
        if request.method != "POST":
            return _confirm_unreadable(request, order_id)
        store.delete_unreadable(order_id)
    except VersionMismatchError:
        messages.error(request, _("The order can be read now, so it was not deleted. Check it before you delete it."))
        return redirect(detail_url(request, order_id))
    except OrderNotFoundError:
        messages.info(request, _("The order was already deleted."))
    else:
        messages.success(request, _("Order %s was deleted.") % order_id)
    return redirect(list_url(request))


def _confirm_unreadable(request: HttpRequest, order_id: str) -> HttpResponse:
    """Raises VersionMismatchError if the order can be read now."""
    try:
        order = store.get(order_id)
    except UnreadableOrderError as error:
        context = {"title": DELETE_TEXTS.question, "button": DELETE_TEXTS.button, "order": error.order}
        return render(request, "dashboard/confirm_unreadable.html", {**context, **order_context(request, order_id)})
    raise VersionMismatchError(order)


def _invalid_request(request: HttpRequest, order_id: str) -> HttpResponse:
    """For a form or URL that none of our pages contains."""
    messages.error(request, _("That request was not valid. Nothing was changed."))
    return redirect(detail_url(request, order_id))


def _confirm(request: HttpRequest, order: Order, *, to: Status | None, seen: Revision) -> HttpResponse:
    """The confirmation page, or the reason why the action is not possible."""
    if to is order.status:
        messages.info(request, _("The order is already %s.") % status_label(order.status))
        return redirect(detail_url(request, order.order_id))
    if order.revision != seen or not _is_possible(order, to):
        return _conflict(request, order, to=to, seen=seen)
    texts = CHANGE_TEXTS[to] if to else DELETE_TEXTS
    context = {
        "title": texts.question,
        "button": texts.button,
        "to": to,
        "is_final": to is not None and is_terminal(to),
        "version": seen,
        "order": order,
    }
    return render(request, "dashboard/confirm.html", {**context, **order_context(request, order.order_id)})


def _is_possible(order: Order, to: Status | None) -> bool:
    return to is None or to in order.allowed_transitions


def _conflict(request: HttpRequest, order: Order, *, to: Status | None, seen: Revision) -> HttpResponse:
    """The requested change beside the current order, for the user to decide. Nothing was changed."""
    moved = order.revision != seen
    version = seen.version if isinstance(seen, OutsideRevision) else seen
    context = {
        "title": _("The order cannot become %s") % status_label(to) if to and not moved else _("The order has changed"),
        "order": order,
        "to": to,
        "seen": seen,
        "before": _status_at(seen, order),
        "since": order.history[version:],
        "still_possible": _is_possible(order, to),
        "now": timezone.now(),
    }
    context |= order_context(request, order.order_id)
    return render(request, "dashboard/conflict.html", context, HTTPStatus.CONFLICT)


def _status_at(seen: Revision, order: Order) -> Status | None:
    """The status that the order had at that revision; None if it is not known."""
    if isinstance(seen, OutsideRevision):
        return seen.status
    return order.history[seen - 1].status if 0 < seen <= len(order.history) else None

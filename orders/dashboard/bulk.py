"""One action on many orders: a preview of what will happen to each, and then the result for each."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.callers import identify
from accounts.permissions import CHANGE, DELETE, VIEW, Need, refusal
from orders import listing, stopwatch, store
from orders.dashboard.back_links import list_context
from orders.dashboard.order_ids import valid_order_ids
from orders.dashboard.responses import forbidden, render
from orders.dashboard.staff_page import staff_page
from orders.errors import (
    IllegalTransitionError,
    OrderNotFoundError,
    StoreUnavailableError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.lifecycle import Status, is_terminal
from orders.models import Order, Revision, parse_revision
from orders.reading import StoredOrder, UnreadableOrder
from orders.templatetags.orders_display import status_label

MAX_ORDERS = 100
MAX_SECONDS = 15.0
"""No order is tried after this time. A stalled store delays one order by up to 8 seconds more, and Lambda allows a
request 28 seconds."""

logger = logging.getLogger(__name__)

Selection = TypeVar("Selection", bound=Collection[str])


class Action(NamedTuple):
    """An action on many orders; `to` is None for deleting. `label(count)` names it, such as “Cancel 3 orders”."""

    name: str
    to: Status | None
    need: Need
    label: Callable[[int], str]


ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action(
            "process",
            Status.PROCESSING,
            CHANGE,
            lambda n: ngettext("Start processing %d order", "Start processing %d orders", n) % n,
        ),
        Action(
            "complete", Status.COMPLETED, CHANGE, lambda n: ngettext("Complete %d order", "Complete %d orders", n) % n
        ),
        Action("cancel", Status.CANCELLED, CHANGE, lambda n: ngettext("Cancel %d order", "Cancel %d orders", n) % n),
        Action("delete", None, DELETE, lambda n: ngettext("Delete %d order", "Delete %d orders", n) % n),
    )
}


class Row(NamedTuple):
    """One order of the preview or of the result."""

    order_id: str
    order: StoredOrder | None
    changes: bool
    """Whether the action changes the order."""
    message: str
    is_linked: bool = False
    """Whether to link to the order, which may exist even if `order` is None."""


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """Show what would happen to each selected order. Writes nothing."""
    return _respond(request, _selected_ids(request.POST), _preview)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW, seconds=MAX_SECONDS)
def apply(request: HttpRequest) -> HttpResponse:
    """Apply the action to each order of the preview that has not changed since."""
    return _respond(request, _previewed_revisions(request.POST), _apply)


def _respond(
    request: HttpRequest, selection: Selection, page: Callable[[HttpRequest, Action, Selection], HttpResponse]
) -> HttpResponse:
    """The page for the form's action and selection, or the reason why there is none."""
    if request.method != "POST":
        return redirect("dashboard:list")
    action = ACTIONS.get(request.POST.get("action", ""))
    if action is None or not 0 < len(selection) <= MAX_ORDERS:
        return _invalid_form(request, len(selection))
    if not request.user.has_perm(action.need.perm):
        return forbidden(request, refusal(request.user, action.need)[1])
    return page(request, action, selection)


def _selected_ids(data: QueryDict) -> list[str]:
    """The ids of the selected rows, or of every row of the page."""
    return valid_order_ids(data.getlist("shown" if data.get("all") else "id"))


def _previewed_revisions(data: QueryDict) -> dict[str, Revision]:
    """The orders of the preview with the revisions that it showed. Invalid values are ignored."""
    pairs = (text.rpartition(":") for text in data.getlist("seen"))
    revisions = ((order_id, parse_revision(text)) for order_id, _colon, text in pairs)
    seen = {order_id: revision for order_id, revision in revisions if revision is not None}
    return {order_id: seen[order_id] for order_id in valid_order_ids(seen)}


def _invalid_form(request: HttpRequest, count: int) -> HttpResponse:
    if count > MAX_ORDERS:
        sentence = _("You can change at most %d orders at a time. Nothing was changed.") % MAX_ORDERS
    elif count:
        sentence = _("No action was chosen.")
    else:
        sentence = _("No orders are selected. Select orders, or “Whole page”, first.")
    context = {"title": _("No action taken"), "sentence": sentence, **list_context(request)}
    return render(request, "dashboard/bulk_nothing.html", context, HTTPStatus.BAD_REQUEST)


def _preview(request: HttpRequest, action: Action, order_ids: list[str]) -> HttpResponse:
    rows = list(_preview_rows(order_ids, action))
    changed = sum(row.changes for row in rows)
    label = action.label(changed)
    context = {
        "title": f"{label}?" if changed else _("No order will change"),
        "button": label,
        "action": action,
        "is_final": action.to is None or is_terminal(action.to),
        "rows": rows,
        "changed": changed,
        "unchanged": len(rows) - changed,
    }
    return render(request, "dashboard/bulk_preview.html", {**context, **list_context(request)})


def _apply(request: HttpRequest, action: Action, revisions: dict[str, Revision]) -> HttpResponse:
    rows = list(_result_rows(revisions, action, identify(request.user).label))
    changed = sum(row.changes for row in rows)
    context = {"title": _("Result"), "rows": rows, "changed": changed, "unchanged": len(rows) - changed}
    return render(request, "dashboard/bulk_outcome.html", {**context, **list_context(request)})


def _preview_rows(order_ids: list[str], action: Action) -> Iterator[Row]:
    orders = {order.order_id: order for order in listing.get_many(order_ids)}
    for order_id in order_ids:
        order = orders.get(order_id)
        if order is None:
            yield Row(order_id, None, changes=False, message=_("no longer exists"))
        elif isinstance(order, UnreadableOrder):
            yield _unreadable(order)
        elif action.to is None:
            yield Row(order_id, order, changes=True, message=_("will be deleted"), is_linked=True)
        elif action.to in order.allowed_transitions:
            message = _("will become %s") % status_label(action.to)
            yield Row(order_id, order, changes=True, message=message, is_linked=True)
        else:
            message = _("will not change, because it is %s") % status_label(order.status)
            yield Row(order_id, order, changes=False, message=message, is_linked=True)


def _result_rows(revisions: Mapping[str, Revision], action: Action, by: str) -> Iterator[Row]:
    """Apply the action to one order at a time.

    Once the store fails to respond, the remaining orders are not tried, because each would time out too.
    """
    is_available, time_is_up = True, stopwatch.after(MAX_SECONDS)
    for order_id, revision in revisions.items():
        try:
            if not is_available:
                yield _unknown(order_id, _("was not tried: the order store is not responding"))
            elif time_is_up():
                yield _unknown(order_id, _("was not tried: the others took too long. Try again."))
            else:
                yield _apply_to(order_id, revision, action, by)
        except StoreUnavailableError as error:
            logger.warning("DynamoDB is not responding: %s", error.reason)
            is_available = False
            message = _("may or may not have changed: the order store did not respond. Check it before you try again.")
            yield _unknown(order_id, message)
        except Exception as error:  # noqa: BLE001 (an unexpected error must not hide the results of the other orders)
            logger.error("Order %s could not be acted on: %r", order_id, error)  # noqa: TRY400 (one line each)
            yield _unknown(order_id, _("could not be changed. The error was logged. Tell an administrator."))


def _apply_to(order_id: str, revision: Revision, action: Action, by: str) -> Row:
    try:
        if action.to is None:
            store.delete(order_id, versions={revision})
            return Row(order_id, None, changes=True, message=_("was deleted"))
        order = store.change_status(order_id, action.to, at=timezone.now(), by=by, versions={revision})
    except OrderNotFoundError:
        return Row(order_id, None, changes=False, message=_("was already deleted"))
    except UnreadableOrderError as error:
        return _unreadable(error.order)
    except (VersionMismatchError, IllegalTransitionError) as error:
        return _refused(error.order, revision)
    status = status_label(order.status)
    if not order.was_moved_by(by, to=action.to, since=revision):
        return Row(order_id, order, changes=False, message=_("was already %s") % status, is_linked=True)
    return Row(order_id, order, changes=True, message=_("became %s") % status, is_linked=True)


def _unknown(order_id: str, message: str) -> Row:
    return Row(order_id, None, changes=False, message=message, is_linked=True)


def _unreadable(order: UnreadableOrder) -> Row:
    reasons = " ".join(reason.translated(_) for reason in order.reasons)
    message = _("cannot be changed, because it cannot be read: %s") % reasons
    return Row(order.order_id, order, changes=False, message=message, is_linked=order.fits_url)


def _refused(order: Order, revision: Revision) -> Row:
    message = _("was not changed: it is %s")
    if order.revision != revision:
        message = _("was not changed: it has changed since the preview and is now %s")
    return Row(order.order_id, order, changes=False, message=message % status_label(order.status), is_linked=True)

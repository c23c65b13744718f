"""One action on many orders: a preview of what will happen to each, and then the result for each."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.callers import identify
from accounts.permissions import CHANGE, DELETE, VIEW, Need, refusal
from orders import listing, stopwatch, store
from orders.dashboard.filters import Query
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

MOST = 100
MOST_SECONDS = 15.0
"""No order is tried after this time. A stalled store delays one order by up to 8 seconds more, and Lambda allows a
request 28 seconds."""

logger = logging.getLogger(__name__)


class Action(NamedTuple):
    """What may be done to many orders; `to` is None for deleting. `label(count)` names it: “Cancel 3 orders”."""

    to: Status | None
    need: Need
    label: Callable[[int], str]


ACTIONS: Mapping[str, Action] = {
    "process": Action(
        Status.PROCESSING, CHANGE, lambda n: ngettext("Start processing %d order", "Start processing %d orders", n) % n
    ),
    "complete": Action(Status.COMPLETED, CHANGE, lambda n: ngettext("Complete %d order", "Complete %d orders", n) % n),
    "cancel": Action(Status.CANCELLED, CHANGE, lambda n: ngettext("Cancel %d order", "Cancel %d orders", n) % n),
    "delete": Action(None, DELETE, lambda n: ngettext("Delete %d order", "Delete %d orders", n) % n),
}


class Row(NamedTuple):
    """One order of the preview or of the outcome."""

    order_id: str
    order: StoredOrder | None
    acts: bool
    sentence: str
    is_linked: bool = False
    """Whether to link to the order, which may exist even if `order` is None."""


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """Show what would happen to each selected order. Writes nothing."""
    if request.method != "POST":
        return redirect("dashboard:list")
    action, order_ids = _action(request), _selected(request.POST)
    if action is None or not order_ids or len(order_ids) > MOST:
        return _nothing(request, action, order_ids)
    if not request.user.has_perm(action.need.perm):
        return forbidden(request, refusal(request.user, action.need)[1])
    rows = list(_forecast(order_ids, action))
    acting = sum(row.acts for row in rows)
    label = action.label(acting)
    context = {
        "title": f"{label}?" if acting else _("No order will change"),
        "button": label,
        "is_final": action.to is None or is_terminal(action.to),
        "rows": rows,
        "action": action,
        "action_name": request.POST["action"],
        "acting": acting,
        "staying": len(rows) - acting,
    }
    return render(request, "dashboard/bulk_preview.html", {**context, **_return(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def apply(request: HttpRequest) -> HttpResponse:
    """Apply the action to each order of the preview that has not changed since."""
    if request.method != "POST":
        return redirect("dashboard:list")
    action, versions = _action(request), _versions(request.POST)
    if action is None or not versions or len(versions) > MOST:
        return _nothing(request, action, versions)
    if not request.user.has_perm(action.need.perm):
        return forbidden(request, refusal(request.user, action.need)[1])
    rows = list(_outcome(versions, action, identify(request.user).label))
    acted = sum(row.acts for row in rows)
    context = {"title": _("Result"), "rows": rows, "acted": acted, "stayed": len(rows) - acted}
    return render(request, "dashboard/bulk_outcome.html", {**context, **_return(request)})


def _action(request: HttpRequest) -> Action | None:
    return ACTIONS.get(request.POST.get("action", ""))


def _return(request: HttpRequest) -> dict[str, str]:
    back = Query.parse(request.POST.get("back", ""))
    return {"back": back.text(), "list_url": back.url()}


def _nothing(request: HttpRequest, action: Action | None, chosen: Collection[str]) -> HttpResponse:
    sentence = _("No orders are selected. Select orders, or “Whole page”, first.")
    if len(chosen) > MOST:
        sentence = _("You can change at most %d orders at a time. Nothing was changed.") % MOST
    elif chosen and action is None:
        sentence = _("No action was chosen.")
    context = {"title": _("No action taken"), "sentence": sentence, **_return(request)}
    return render(request, "dashboard/bulk_nothing.html", context, HTTPStatus.BAD_REQUEST)


def _selected(data: QueryDict) -> list[str]:
    """The ids of the selected rows, or of every row of the page."""
    return valid_order_ids(data.getlist("shown" if data.get("all") else "id"))


def _versions(data: QueryDict) -> dict[str, Revision]:
    """The orders of the preview with the revisions that it showed. Invalid values are ignored."""
    pairs = (text.rpartition(":") for text in data.getlist("seen"))
    revisions = ((order_id, parse_revision(text)) for order_id, _colon, text in pairs)
    seen = {order_id: revision for order_id, revision in revisions if revision is not None}
    return {order_id: seen[order_id] for order_id in valid_order_ids(seen)}


def _forecast(order_ids: list[str], action: Action) -> Iterator[Row]:
    orders = {order.order_id: order for order in listing.get_many(order_ids)}
    for order_id in order_ids:
        order = orders.get(order_id)
        if order is None:
            yield Row(order_id, None, acts=False, sentence=_("no longer exists"))
        elif isinstance(order, UnreadableOrder):
            yield _unreadable(order)
        elif action.to is None:
            yield Row(order_id, order, acts=True, sentence=_("will be deleted"), is_linked=True)
        elif action.to in order.allowed_transitions:
            yield Row(order_id, order, acts=True, sentence=_("will become %s") % action.to, is_linked=True)
        else:
            sentence = _("will not change, because it is %s") % order.status
            yield Row(order_id, order, acts=False, sentence=sentence, is_linked=True)


def _unreadable(order: UnreadableOrder) -> Row:
    reasons = " ".join(reason.translated(_) for reason in order.reasons)
    sentence = _("cannot be changed, because it cannot be read: %s") % reasons
    return Row(order.order_id, order, acts=False, sentence=sentence, is_linked=order.fits_url)


def _outcome(versions: Mapping[str, Revision], action: Action, by: str) -> Iterator[Row]:
    """Apply the action to one order at a time.

    Once the store fails to respond, the remaining orders are not tried, because each would time out too.
    """
    is_available, time_is_up = True, stopwatch.after(MOST_SECONDS)
    for order_id, version in versions.items():
        try:
            if not is_available:
                yield _untried(order_id, _("was not tried: the order store is not responding"))
            elif time_is_up():
                yield _untried(order_id, _("was not tried: the others took too long. Try again."))
            else:
                yield _act(order_id, version, action, by)
        except StoreUnavailableError as error:
            logger.warning("DynamoDB is not responding: %s", error.reason)
            is_available = False
            sentence = _("may or may not have changed: the order store did not respond. Check it before you try again.")
            yield Row(order_id, None, acts=False, sentence=sentence, is_linked=True)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one order, the person must hear of the others)
            logger.error("Order %s could not be acted on: %r", order_id, error)  # noqa: TRY400 (one line each)
            sentence = _("could not be changed. The error was logged. Tell an administrator.")
            yield Row(order_id, None, acts=False, sentence=sentence, is_linked=True)


def _untried(order_id: str, sentence: str) -> Row:
    return Row(order_id, None, acts=False, sentence=sentence, is_linked=True)


def _act(order_id: str, version: Revision, action: Action, by: str) -> Row:
    try:
        if action.to is None:
            store.delete(order_id, versions={version})
            return Row(order_id, None, acts=True, sentence=_("was deleted"))
        order = store.change_status(order_id, action.to, at=timezone.now(), by=by, versions={version})
    except OrderNotFoundError:
        return Row(order_id, None, acts=False, sentence=_("was already deleted"))
    except UnreadableOrderError as error:
        return _unreadable(error.order)
    except (VersionMismatchError, IllegalTransitionError) as error:
        return _left_alone(error.order, version)
    if not order.was_moved_by(by, since=version):
        return Row(order_id, order, acts=False, sentence=_("was already %s") % order.status, is_linked=True)
    return Row(order_id, order, acts=True, sentence=_("became %s") % action.to, is_linked=True)


def _left_alone(order: Order, version: Revision) -> Row:
    sentence = _("was not changed: it is %s") % order.status
    if order.revision != version:
        sentence = _("was not changed: it has changed since the preview and is now %s") % order.status
    return Row(order.order_id, order, acts=False, sentence=sentence, is_linked=True)

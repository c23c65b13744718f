"""The page of one order, and its stored data as JSON."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import CHANGE, DELETE, VIEW
from orders import store
from orders.dashboard.back_links import list_query, list_url
from orders.dashboard.order_actions import CHANGE_TEXTS
from orders.dashboard.responses import render
from orders.dashboard.staff_page import staff_page
from orders.errors import UnreadableOrderError
from orders.lifecycle import is_terminal
from orders.reading import plain_json
from orders.text import pieces


@require_safe
@staff_page(VIEW)
def detail(request: HttpRequest, order_id: str) -> HttpResponse:
    order = store.get(order_id)
    context = {
        "title": _("Order %s") % order.order_id[:8],
        "order": order,
        "back": list_query(request),
        "list_url": list_url(request),
        "actions": [(to, CHANGE_TEXTS[to].button, is_terminal(to)) for to in order.allowed_transitions],
        "may_change": request.user.has_perm(CHANGE.perm),
        "may_delete": request.user.has_perm(DELETE.perm),
        "now": timezone.now(),
    }
    return render(request, "dashboard/detail.html", context)


@require_safe
@staff_page(VIEW)
def raw(request: HttpRequest, order_id: str) -> HttpResponse:
    """The order as it is stored."""
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

"""The form for a new order."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.callers import identify
from accounts.permissions import ADD
from orders import store
from orders.dashboard.forms import PlaceOrderForm
from orders.dashboard.responses import render
from orders.dashboard.staff_page import staff_page
from orders.errors import IdempotencyKeyReusedError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ADD)
def create(request: HttpRequest) -> HttpResponse:
    form = PlaceOrderForm(request.POST) if request.method == "POST" else PlaceOrderForm(initial={"token": uuid4()})
    if not form.is_bound:
        return _create_page(request, form, HTTPStatus.OK)
    if not form.is_valid():
        return _create_page(request, form, HTTPStatus.BAD_REQUEST)
    caller, values = identify(request.user), form.cleaned_data
    order_id = store.idempotent_order_id(caller=caller.id, key=str(values.pop("token")))
    try:
        order = store.place(**values, order_id=order_id, at=timezone.now(), by=caller.label).order
    except IdempotencyKeyReusedError:
        return _placed_another(request, form, order_id)
    messages.success(request, format_html(_("Order {} was placed."), _link(order.order_id)))
    return redirect("dashboard:list")


def _create_page(request: HttpRequest, form: PlaceOrderForm, status: HTTPStatus) -> HttpResponse:
    wrong = [field.name for field in form.visible_fields() if field.errors]
    form.fields[wrong[0] if wrong else "item"].widget.attrs["autofocus"] = True
    return render(request, "dashboard/create.html", {"title": _("New order"), "form": form}, status)


def _placed_another(request: HttpRequest, form: PlaceOrderForm, order_id: str) -> HttpResponse:
    """The form was sent before with other values. A second order needs another submission, with a new token."""
    form.data = {**request.POST.dict(), "token": str(uuid4())}
    sentence = _(
        "This form already placed order {}. Your later changes were not saved. Submit again to place a second order."
    )
    form.add_error(None, format_html(sentence, _link(order_id)))
    return _create_page(request, form, HTTPStatus.CONFLICT)


def _link(order_id: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("dashboard:detail", args=[order_id]), order_id[:8])

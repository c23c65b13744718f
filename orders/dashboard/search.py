"""The search by order id or customer's e-mail."""

import re
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW
from orders import store
from orders.dashboard.filters import SEARCH_NAME
from orders.dashboard.responses import render
from orders.dashboard.staff_page import staff_page
from orders.models import UUID_TEXT
from orders.text import Hidden, hidden_character, hidden_in_email, tidy_email, trimmed

UUID_CHARACTERS = re.compile("[0-9A-Fa-f{}:urnid-]+")


class Destination(NamedTuple):
    url: str
    description: str


def resolve(term: str) -> Destination | None:
    """The page for this term, or None if it is neither an id nor an e-mail. The order need not exist."""
    if order_id := _order_id(trimmed(term)):
        return Destination(reverse("dashboard:detail", args=[order_id]), _("Order"))
    email = tidy_email(term)
    if _is_email(email):
        query = urlencode({"customer_email": email})
        return Destination(f"{reverse('dashboard:list')}?{query}", _("Orders of this customer"))
    return None


def hidden_character_in(term: str) -> Hidden | None:
    """The first invisible character of the term, often copied along with the text, or None."""
    return hidden_in_email(tidy_email(term)) if "@" in term else hidden_character(trimmed(term))


def _order_id(term: str) -> str | None:
    if UUID_TEXT.fullmatch(term):
        return term
    try:
        # UUID also accepts other digits and underscores.
        return str(UUID(term)) if UUID_CHARACTERS.fullmatch(term) else None
    except ValueError:
        return None


def _is_email(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


@require_safe
@staff_page(VIEW)
def search(request: HttpRequest) -> HttpResponse:
    term = trimmed(request.GET.get(SEARCH_NAME, ""))
    if not term:
        return redirect("dashboard:list")
    found = resolve(store.stored_id(term))
    if found is None:
        context = {"title": _("Search"), "term": term, "hidden": hidden_character_in(term)}
        return render(request, "dashboard/search.html", context, HTTPStatus.NOT_FOUND)
    return redirect(found.url)


def search_url(term: str) -> str:
    return f"{reverse('dashboard:search')}?{urlencode({SEARCH_NAME: term})}"

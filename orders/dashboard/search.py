"""What the search box understands: an order's id and a customer's e-mail."""

from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils.translation import gettext as _


class Destination(NamedTuple):
    url: str
    description: str


def destination(term: str) -> Destination | None:
    """Where the term leads; None where it is neither an id nor an e-mail. Whether the order exists is not asked."""
    term = term.strip()
    if order_id := _order_id(term):
        return Destination(reverse("dashboard:detail", args=[order_id]), _("Order"))
    if _is_email(term):
        query = urlencode({"customer_email": term})
        return Destination(f"{reverse('dashboard:list')}?{query}", _("Orders of this customer"))
    return None


def _order_id(term: str) -> str | None:
    try:
        return str(UUID(term))
    except ValueError:
        return None


def _is_email(term: str) -> bool:
    try:
        validate_email(term)
    except ValidationError:
        return False
    return True

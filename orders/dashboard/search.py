"""What the search box understands: an order's id and a customer's e-mail."""

import re
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils.translation import gettext as _

from orders.models import UUID_TEXT
from orders.text import Hidden, hidden_character, hidden_in_email, tidy_email, trimmed

UUID_CHARACTERS = re.compile("[0-9A-Fa-f{}:urnid-]+")


class Destination(NamedTuple):
    url: str
    description: str


def destination(term: str) -> Destination | None:
    """Where the term leads; None where it is neither an id nor an e-mail. Whether the order exists is not asked."""
    if order_id := _order_id(trimmed(term)):
        return Destination(reverse("dashboard:detail", args=[order_id]), _("Order"))
    email = tidy_email(term)
    if _is_email(email):
        query = urlencode({"customer_email": email})
        return Destination(f"{reverse('dashboard:list')}?{query}", _("Orders of this customer"))
    return None


def hidden_in(term: str) -> Hidden | None:
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

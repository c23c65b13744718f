"""The names of API keys: a single line each, because the history of an order shows them."""

from django.utils.translation import gettext as _

from orders.text import hidden_character, trimmed, visible

MAX_NAME_LENGTH = 50


def checked_name(name: str) -> str:
    """`name` without leading and trailing blanks.

    Raises ValueError, with a message for the user, if it is blank, too long or contains a hidden character.
    """
    name = trimmed(name)
    if not name:
        raise ValueError(_("The name is blank. Enter who will use the key, for example shop."))
    if len(name) > MAX_NAME_LENGTH:
        message = _("The name has %(length)d characters; at most %(limit)d are allowed.")
        raise ValueError(message % {"length": len(name), "limit": MAX_NAME_LENGTH})
    if hidden := hidden_character(name):
        raise ValueError(hidden.message.translated(_))
    return name


def displayed_name(name: str) -> str:
    """`name` with each hidden character replaced by its code. Names of older keys may contain such characters."""
    return visible(name)

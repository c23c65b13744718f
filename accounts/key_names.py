"""The names of API keys: a single line each, because the history of an order shows them."""

from orders.text import hidden_character, trimmed, visible

MAX_NAME_LENGTH = 50


def checked_name(name: str) -> str:
    """`name` without leading and trailing blanks.

    Raises ValueError, with a message for the user, if it is blank, too long or contains a hidden character.
    """
    name = trimmed(name)
    if not name:
        raise ValueError("The name is blank. Enter who will use the key, for example shop.")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"The name has {len(name)} characters; at most {MAX_NAME_LENGTH} are allowed.")
    if hidden := hidden_character(name):
        raise ValueError(hidden.sentence)
    return name


def displayed_name(name: str) -> str:
    """`name` with each hidden character replaced by its code. Names of older keys may contain such characters."""
    return visible(name)

"""The names of API keys: one line each, because the history of an order shows them."""

from orders.text import hidden_character, trimmed, visible

LONGEST_NAME = 50


def checked_name(name: str) -> str:
    """`name` without the blanks around it.

    Raises ValueError, with a message for the user, if it is blank, too long or contains a hidden character.
    """
    name = trimmed(name)
    if not name:
        raise ValueError("The name is blank. Name whoever will use the key, for example shop.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"The name has {len(name)} characters; at most {LONGEST_NAME} are allowed.")
    if hidden := hidden_character(name):
        raise ValueError(hidden.sentence)
    return name


def shown_name(name: str) -> str:
    """`name` with each hidden character as its code. Keys created before such names were refused may have one."""
    return visible(name)

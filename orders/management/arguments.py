"""Types for the arguments of commands."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from orders.text import read_whole_number


def non_negative_integer(text: str) -> int:
    """A whole number of 0 or more, written in digits. Raises ArgumentTypeError."""
    return _number(text, minimum=0)


def positive_integer(text: str) -> int:
    """A whole number of 1 or more, written in digits. Raises ArgumentTypeError."""
    return _number(text, minimum=1)


def _number(text: str, *, minimum: int) -> int:
    try:
        number = read_whole_number(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a whole number of {minimum} or more. {error}") from None
    if number < minimum:
        raise ArgumentTypeError(f"{text!r} is not a whole number of {minimum} or more")
    return number


def up_to(maximum: int) -> Callable[[str], float]:
    """The type of a number above 0 and up to `maximum`, in digits with or without a decimal point, such as 1.5.

    It raises ArgumentTypeError for anything else, such as a sign, an exponent, a separator or other digits.
    """

    def number(text: str) -> float:
        value = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0
        if not 0 < value <= maximum:
            raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to {maximum}")
        return value

    return number

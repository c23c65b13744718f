"""What the commands' arguments may be."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole_number(text: str) -> int:
    """A whole number of 1 or more. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def up_to(most: int) -> Callable[[str], float]:
    """A number above 0 and up to `most`; what it makes raises ArgumentTypeError for anything else, NaN included."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= most:
            raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to {most}")
        return value

    return number

"""Types of command-line arguments."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def at_least(fewest: int) -> Callable[[str], int]:
    """The type of a whole number of `fewest` or more."""

    def whole(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < fewest:
            raise ArgumentTypeError(f"{text!r} is not a whole number of {fewest} or more")
        return int(text)

    return whole

"""The lifecycle written out by hand, so that no test derives what it expects from the code that it tests."""

from orders.lifecycle import Status

# From the row's status, may a caller move an order to the column's?
BY_A_CALLER = """
            PENDING  PROCESSING  COMPLETED  CANCELLED  EXPIRED
PENDING     no       yes         no         yes        no
PROCESSING  no       no          yes        yes        no
COMPLETED   no       no          no         no         no
CANCELLED   no       no          no         no         no
EXPIRED     no       no          no         no         no
"""


def pairs() -> list[tuple[Status, Status, bool]]:
    """(from, to, allowed) for each of the 25 pairs."""
    header, *rows = [line.split() for line in BY_A_CALLER.strip().splitlines()]
    return [
        (Status(source), Status(to), answer == "yes")
        for source, *answers in rows
        for to, answer in zip(header, answers, strict=True)
    ]

"""The lifecycle as a table, so that tests do not derive what they expect from the code under test."""

from orders.lifecycle import Status

# Whether a caller may move an order from the status of the row to that of the column.
ALLOWED = """
            PENDING  PROCESSING  COMPLETED  CANCELLED  EXPIRED
PENDING     no       yes         no         yes        no
PROCESSING  no       no          yes        yes        no
COMPLETED   no       no          no         no         no
CANCELLED   no       no          no         no         no
EXPIRED     no       no          no         no         no
"""


def pairs() -> list[tuple[Status, Status, bool]]:
    """(from, to, allowed) for each of the 25 pairs."""
    header, *rows = [line.split() for line in ALLOWED.strip().splitlines()]
    return [
        (Status(source), Status(to), cell == "yes")
        for source, *cells in rows
        for to, cell in zip(header, cells, strict=True)
    ]

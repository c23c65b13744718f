"""The filtered orders as CSV for a spreadsheet: streamed, and safe to open.

The file is not translated, because programs read it too.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from itertools import chain, islice
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW
from orders import listing, stopwatch
from orders.dashboard.filters import Query
from orders.dashboard.staff_page import staff_page
from orders.errors import StoreUnavailableError
from orders.instants import write_instant
from orders.reading import StoredOrder, UnreadableOrder
from orders.stopwatch import TimeIsUp
from orders.text import canonical_email

MAX_EMAIL_IN_NAME = 60
"""Characters of a customer's e-mail in the file name."""
MAX_ORDERS = 10_000
MAX_SECONDS = 15.0
MAX_BYTES = 5_000_000
"""Lambda allows a request 28 seconds and a response 6 MB as JSON:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

HEADINGS = (
    "order_id",
    "status",
    "item",
    "quantity",
    "customer_name",
    "customer_email",
    "created_at",
    "updated_at",
    "expired_at",
)
# Excel treats the full-width characters, which East Asian keyboards produce, like the ASCII ones.
FORMULA_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
# A spreadsheet may start another cell or row after these: it may split at its own separator, and then ignores our
# quotes.
CELL_STARTS = ';,|"\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029'
# Characters that may stand between that and the formula.
BETWEEN = "\\s'\u00ad\u200b-\u200f\u2060\ufeff"
FORMULA = re.compile(
    rf"(?:\A[{CELL_STARTS}{BETWEEN}]*|(?<![{CELL_STARTS}{BETWEEN}])[{CELL_STARTS}{BETWEEN}]+)(?=[{FORMULA_STARTS}])"
)
CELL_START = re.compile(f"[{CELL_STARTS}]")


@require_safe
@staff_page(VIEW)
def export(request: HttpRequest) -> HttpResponseBase:
    """The newest MAX_ORDERS filtered orders. If there are more, the last line says so."""
    query = Query(request.GET)
    if query.unknown or not query.is_valid:
        # The list shows what is wrong with the URL. A file could not, and would contain more than was requested.
        return redirect(f"{reverse('dashboard:list')}?{request.GET.urlencode()}")
    time_is_up = stopwatch.after(MAX_SECONDS)
    pages = listing.walk(query.filters(), limit=MAX_ORDERS + 1)
    # Read the first page before the response begins, so that a DynamoDB outage still gets its error page.
    pages = chain(list(islice(pages, 1)), pages)
    response = StreamingHttpResponse(
        _lines(pages, time_is_up), content_type="text/csv; charset=utf-8", status=HTTPStatus.OK
    )
    response["Content-Disposition"] = f'attachment; filename="{file_name(query, at=timezone.now())}"'
    response["Cache-Control"] = "no-store"
    return response


def file_name(query: Query, *, at: datetime) -> str:
    """An ASCII file name that describes the export: `orders-pending-2026-11-01-to-2026-11-24.csv`.

    Days are in the user's time zone. Without a filter by day, the name has the day of the export.
    """
    values = query.form.cleaned_data
    parts = ["orders", query.status.lower() if query.status else ""]
    if email := values.get("customer_email"):
        name = re.sub("[^a-z0-9.]+", "-", canonical_email(email).replace("@", "-at-"))
        parts.append(name[:MAX_EMAIL_IN_NAME].strip("-."))
    first, last = values.get("created_from"), values.get("created_to")
    if first and last:
        parts.append(f"{first}-to-{last}" if first != last else f"{first}")
    elif first or last:
        parts.append(f"from-{first}" if first else f"to-{last}")
    after, before = values.get("expires_after"), values.get("expires_before")
    parts += [f"expiring-from-{_minute(after)}"] if after else []
    parts += [f"expiring-before-{_minute(before)}"] if before else []
    if not (first or last):
        parts.append(f"as-of-{timezone.localdate(at)}")
    return "-".join(part for part in parts if part) + ".csv"


def _minute(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d-%H%M}"


class _Echo:
    """A file object for csv.writer that returns each line instead of storing it."""

    def write(self, text: str) -> str:
        return text


def _lines(pages: Iterable[listing.Page], time_is_up: TimeIsUp) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    # Spreadsheets recognise UTF-8 by the byte order mark.
    yield "\ufeff" + str(write(HEADINGS))
    number = size = 0
    try:
        for found in pages:
            for order in found.orders:
                line = str(write([defused(cell) for cell in _cells(order)]))
                size += len(json.dumps(line))
                if number == MAX_ORDERS or size > MAX_BYTES:
                    yield str(write([_truncation_note(number)]))
                    return
                yield line
                number += 1
            # Check after every page, even an empty one: few of a customer's orders may have the requested status.
            if found.next and time_is_up():
                yield str(write([_truncation_note(number)]))
                return
    except StoreUnavailableError:
        # The response has begun, so only the file itself can report the error.
        yield str(write(["Incomplete: the order store stopped responding. Export again."]))


def _truncation_note(number: int) -> str:
    if number:
        return f"Only the newest {number} orders are included. To get more, filter by day or use the API."
    return "The search timed out before any order matched. Filter by day or use the API."


def _cells(order: StoredOrder) -> Iterator[Any]:
    if isinstance(order, UnreadableOrder):
        reasons = " ".join(str(reason) for reason in order.reasons)
        # The other columns stay empty, so that a spreadsheet can sum them.
        yield from (order.order_id, "UNREADABLE", reasons, *[""] * (len(HEADINGS) - 3))
        return
    for name in HEADINGS:
        value = getattr(order, name)
        yield write_instant(value) if name.endswith("_at") and value else value


def defused(cell: Any) -> str:
    """The cell's text, with an apostrophe before anything that might run as a formula (OWASP, CSV injection).

    That is any of FORMULA_STARTS at the beginning, or after a character that may start another cell. The apostrophe is
    added even if there is one already, so that removing one restores the text.
    """
    return FORMULA.sub(_with_apostrophe, "" if cell is None else str(cell))


def _with_apostrophe(found: re.Match[str]) -> str:
    begins_a_cell = found.start() == 0 or CELL_START.search(found[0])
    return f"{found[0]}'" if begins_a_cell else found[0]

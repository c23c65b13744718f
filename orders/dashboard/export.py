"""What is filtered, as CSV for a spreadsheet: streamed, and safe to open."""

import csv
import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import chain, islice
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW
from orders import listing, stopwatch
from orders.dashboard.filters import Query
from orders.dashboard.pages import page
from orders.errors import StoreUnavailableError
from orders.instants import write_instant
from orders.models import Order
from orders.stopwatch import TimeIsUp

MOST = 10_000
MOST_SECONDS = 15.0
MOST_BYTES = 5_000_000
"""Lambda gives a request 28 seconds, and its answer 6 MB as JSON:
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
# Excel takes the wide forms, which East Asian keyboards give, for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@require_safe
@page(VIEW)
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered orders, newest first, MOST at most; the last line says so where there are more."""
    query = Query(request.GET)
    if not query.is_valid:
        return redirect(query.url())
    time_is_up = stopwatch.after(MOST_SECONDS)
    pages = listing.walk(query.filters(), limit=MOST + 1)
    # The first page is read before the response begins, so that an outage of DynamoDB is still answered with a page.
    pages = chain(list(islice(pages, 1)), pages)
    response = StreamingHttpResponse(
        _lines(pages, time_is_up), content_type="text/csv; charset=utf-8", status=HTTPStatus.OK
    )
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    response["Cache-Control"] = "no-store"
    return response


class _Echo:
    """csv wants something to write to; what it writes is what we send."""

    def write(self, text: str) -> str:
        return text


def _lines(pages: Iterable[listing.Page], time_is_up: TimeIsUp) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    # The mark by which spreadsheets know UTF-8.
    yield "\ufeff" + str(write(HEADINGS))
    number = size = 0
    try:
        for found in pages:
            for order in found.orders:
                line = str(write([defused(cell) for cell in _cells(order)]))
                size += len(json.dumps(line))
                if number == MOST or size > MOST_BYTES:
                    yield str(write([_cut(number)]))
                    return
                yield line
                number += 1
            # After each page, also an empty one: of a customer's orders, few may have the status that is asked for.
            if found.next and time_is_up():
                yield str(write([_cut(number)]))
                return
    except StoreUnavailableError:
        # The answer has begun, so all that can still be said is said in it.
        yield str(write([_("Cut short: the order store stopped answering. Export again.")]))


def _cut(number: int) -> str:
    if number:
        return _("Only the newest %d are here. For more, filter by day, or use the API.") % number
    return _("The search took too long, and no order has matched so far. Filter by day, or use the API.")


def _cells(order: Order) -> Iterator[Any]:
    for name in HEADINGS:
        value = getattr(order, name)
        yield write_instant(value) if name.endswith("_at") and value else value


def defused(cell: Any) -> str:  # noqa: ANN401 (any cell)
    """The cell's text; one that a spreadsheet would run as a formula is led by an apostrophe (OWASP, CSV injection)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text

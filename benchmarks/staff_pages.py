"""Compares the staff pages with a small and a large table: DynamoDB calls, capacity, time and size.

Run by `python -m benchmarks --pages`.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from random import Random
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from accounts.models import User
from benchmarks.environment import HOST
from benchmarks.meter import metered
from benchmarks.tables import DAYS, SEED
from orders import listing
from orders.dashboard.order_list import PAGE_SIZE
from orders.dynamodb import BATCH_GET_LIMIT, connection, save_many
from orders.lifecycle import Status
from orders.models import Order
from orders.seeding import sample_orders
from orders.table import ensure_table

SMALL = 100
WARM_UP, TIMED = 3, 20
WIDTH = 118
OK = 200


@dataclass(frozen=True)
class Page:
    """A page, requested by a superuser."""

    name: str
    path: str
    cold: bool = False
    """Whether it is requested with an empty cache."""


@dataclass(frozen=True)
class Cost:
    """`milliseconds` is the median elapsed time of TIMED requests, including the engine's."""

    calls: int
    rcu: float | None
    milliseconds: float
    kilobytes: float
    gzipped: float


@dataclass(frozen=True)
class Row:
    name: str
    small: Cost
    large: Cost


def measure(*, orders: int, report: Callable[[str], object]) -> Sequence[Row]:
    """Needs an empty engine and an empty database. Requests alternate between two tables in the same engine."""
    call_command("migrate", verbosity=0)
    browser = _browser()
    small, large = (_Table(name, count, report) for name, count in (("Small", SMALL), ("Large", orders)))
    rows = []
    for page, twin in zip(small.pages(), large.pages(), strict=True):
        report(page.name)
        pairs = [(small.spent(browser, page), large.spent(browser, twin)) for _ in range(WARM_UP + TIMED)]
        times = [median(one) for one in zip(*pairs[WARM_UP:], strict=True)]
        rows.append(Row(page.name, small.cost(browser, page, times[0]), large.cost(browser, twin, times[1])))
    return rows


class _Table:
    """One table of orders with its own connection and cache."""

    def __init__(self, name: str, count: int, report: Callable[[str], object]) -> None:
        self.name, self.count, self.connection = name, count, None
        report(f"filling a table with {count:,} orders")
        with self._in_use():
            list(ensure_table())
            random = Random(SEED)  # noqa: S311 (not used for security)
            for _ in save_many(sample_orders(count, days=DAYS, at=timezone.now(), random=random)):
                pass

    def pages(self) -> list[Page]:
        with self._in_use():
            return _pages(self.count)

    def spent(self, browser: Client, page: Page) -> float:
        """Milliseconds from the request to the last byte."""
        with self._in_use():
            self._prepare(browser, page)
            start = perf_counter()
            _body(browser, page)
            return (perf_counter() - start) * 1000

    def cost(self, browser: Client, page: Page, milliseconds: float) -> Cost:
        with self._in_use():
            self._prepare(browser, page)
            # Not timed, because metering takes time.
            with metered(connection().connection.client) as meter:
                body = _body(browser, page)
        return Cost(meter.calls, meter.rcu, milliseconds, len(body) / 1000, len(gzip.compress(body)) / 1000)

    def _prepare(self, browser: Client, page: Page) -> None:
        """Empty or fill the cache."""
        if page.cold:
            cache.clear()
        else:
            _body(browser, page)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        previous = Order.Meta.table_name, Order._connection, cache.key_prefix  # noqa: SLF001 (PynamoDB reuses the first one)
        Order.Meta.table_name, Order._connection, cache.key_prefix = self.name, self.connection, self.name  # noqa: SLF001
        try:
            yield
        finally:
            self.connection = Order._connection  # noqa: SLF001
            Order.Meta.table_name, Order._connection, cache.key_prefix = previous  # noqa: SLF001


def show(rows: Sequence[Row], *, orders: int) -> None:
    console = Console(width=WIDTH, highlight=False)
    title = f"Staff pages: {SMALL} orders in the table | {orders:,} orders"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for heading in ("", "calls", "RCU", "ms", "kB", "kB gzipped"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        table.add_row(row.name, *(f"{one} | {other:>6}" for one, other in zip(*_cells(row), strict=True)))
    console.print(table)
    for note in NOTES:
        console.print(Padding(f"- {note}", (0, 1)))


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=2)


NOTES = (
    (
        f"ms is the median elapsed time of {TIMED} requests, alternating between the tables. The engine runs on this "
        "machine, so compare only the two numbers in a cell; times on AWS differ."
    ),
    (
        "The list, the overview, counts and figures are measured with an empty cache. The cost of counts grows with "
        "the number counted, up to a cap."
    ),
)


def _cells(row: Row) -> Iterator[tuple[str, ...]]:
    for cost in (row.small, row.large):
        rcu = "unknown" if cost.rcu is None else f"{cost.rcu:,.1f}"
        yield str(cost.calls), rcu, f"{cost.milliseconds:.1f}", f"{cost.kilobytes:.1f}", f"{cost.gzipped:.1f}"


def _browser() -> Client:
    browser = Client(SERVER_NAME=HOST)
    browser.force_login(User.objects.create_superuser("bench"))
    return browser


def _pages(orders: int) -> list[Page]:
    newest, middle = _newest_and_middle(orders)
    customer = next(order.customer_email for order in newest if order.customer_email)
    shown = urlencode([("newest", listing.newer_cursor(newest[0], listing.Filters()))])
    rows = urlencode([("id", order.order_id) for order in newest])
    return [
        Page("list", "/dashboard/", cold=True),
        Page("list, cached counts", "/dashboard/"),
        Page("list of one status", f"/dashboard/?status={Status.PENDING}"),
        Page("list of one customer", f"/dashboard/?{urlencode({'customer_email': customer})}"),
        Page("list, page in the middle", f"/dashboard/?{urlencode({'cursor': middle})}"),
        Page("refresh of the list (20 s)", f"/dashboard/live/?{shown}&{rows}"),
        Page("one order", f"/dashboard/orders/{newest[0].order_id}/"),
        Page("overview", "/dashboard/overview/", cold=True),
        Page("counts of the tabs", "/dashboard/counts/", cold=True),
        Page("figures of the overview", "/dashboard/overview/?count=1", cold=True),
        Page("overview, cached figures", "/dashboard/overview/?count=1"),
    ]


def _newest_and_middle(orders: int) -> tuple[list[Order], str]:
    """The first page, and the cursor of the page in the middle, found by following `next`."""
    filters, step = listing.Filters(), min(orders // 2, BATCH_GET_LIMIT)
    cursor = None
    for _ in range(0, orders // 2, step):
        cursor = listing.page(filters, limit=step, cursor=cursor).next
    newest = listing.page(filters, limit=PAGE_SIZE).orders
    return [order for order in newest if isinstance(order, Order)], cursor or ""


def _body(browser: Client, page: Page) -> bytes:
    response = browser.get(page.path, secure=True, headers={"Accept": "text/html", "HX-Request": "true"})
    if response.status_code != OK:
        raise RuntimeError(f"{page.path} returned {response.status_code}")
    return response.content

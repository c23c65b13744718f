"""The staff pages over a small table and over a large one: what they ask of DynamoDB, how long they take, their weight.

A page is as fast over any table when its row reads the same on both sides. `python -m benchmarks --pages` shows it.
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
from benchmarks.contents import DAYS, SEED
from benchmarks.environment import HOST
from benchmarks.meter import metered
from orders import listing
from orders.dashboard.views import PAGE_SIZE
from orders.dynamodb import connection
from orders.lifecycle import Status
from orders.models import Order
from orders.seeding import plausible_orders, save
from orders.table import ensure_table

SMALL = 100
WARM_UP, TIMED = 3, 20
WIDTH = 118
OK = 200


@dataclass(frozen=True)
class Look:
    """One page, as a member of staff with every permission is shown it."""

    name: str
    path: str
    cold: bool = False
    """Nothing that the page keeps for a while is there: what the first person of the minute waits for."""


@dataclass(frozen=True)
class Cost:
    """`milliseconds` is the median of TIMED looks, from the request to the last byte; the engine's share is in it."""

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


def measure(*, orders: int, watch: Callable[[str], object]) -> Sequence[Row]:
    """Needs an empty engine and an empty database. Both tables stand in the one engine and are looked at in turn."""
    call_command("migrate", verbosity=0)
    browser = _browser()
    small, large = (_Side(name, count, watch) for name, count in (("Small", SMALL), ("Large", orders)))
    rows = []
    for look, twin in zip(small.looks(), large.looks(), strict=True):
        watch(look.name)
        pairs = [(small.spent(browser, look), large.spent(browser, twin)) for _ in range(WARM_UP + TIMED)]
        times = [median(one) for one in zip(*pairs[WARM_UP:], strict=True)]
        rows.append(Row(look.name, small.cost(browser, look, times[0]), large.cost(browser, twin, times[1])))
    return rows


class _Side:
    """One table of orders, with a connection and a cache of its own."""

    def __init__(self, name: str, count: int, watch: Callable[[str], object]) -> None:
        self.name, self.count, self.connection = name, count, None
        watch(f"filling a table with {count:,} orders")
        with self._in_use():
            list(ensure_table())
            random = Random(SEED)  # noqa: S311 (variety, no secrets)
            for _ in save(plausible_orders(count, days=DAYS, at=timezone.now(), random=random)):
                pass

    def looks(self) -> list[Look]:
        with self._in_use():
            return _looks(self.count)

    def spent(self, browser: Client, look: Look) -> float:
        """Milliseconds from the request to the last byte."""
        with self._in_use():
            self._prepare(browser, look)
            start = perf_counter()
            _body(browser, look)
            return (perf_counter() - start) * 1000

    def cost(self, browser: Client, look: Look, milliseconds: float) -> Cost:
        with self._in_use():
            self._prepare(browser, look)
            # Listening costs time, so this look is not timed.
            with metered(connection().connection.client) as meter:
                body = _body(browser, look)
        return Cost(meter.calls, meter.rcu, milliseconds, len(body) / 1000, len(gzip.compress(body)) / 1000)

    def _prepare(self, browser: Client, look: Look) -> None:
        """What the page keeps for a while is either all there or not at all."""
        if look.cold:
            cache.clear()
        else:
            _body(browser, look)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        former = Order.Meta.table_name, Order._connection, cache.key_prefix  # noqa: SLF001 (PynamoDB binds it for good)
        Order.Meta.table_name, Order._connection, cache.key_prefix = self.name, self.connection, self.name  # noqa: SLF001
        try:
            yield
        finally:
            self.connection = Order._connection  # noqa: SLF001
            Order.Meta.table_name, Order._connection, cache.key_prefix = former  # noqa: SLF001


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
        f"ms is from the request to the last byte, the median of {TIMED}, the two tables in turn. This process and the "
        "engine share the machine: it says how the two compare and not what AWS will take."
    ),
    (
        "Nothing is kept when the list, the overview and what is counted afterwards are looked at. Counts stop at a "
        "cap, so what they cost has a ceiling; below it they cost what there is to count."
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


def _looks(orders: int) -> list[Look]:
    newest, middle = _newest_and_middle(orders)
    customer = next(order.customer_email for order in newest if order.customer_email)
    shown = urlencode([("newest", listing.newer_cursor(newest[0], listing.Filters()))])
    rows = urlencode([("id", order.order_id) for order in newest])
    return [
        Look("list", "/dashboard/", cold=True),
        Look("list, tabs counted", "/dashboard/"),
        Look("list of one status", f"/dashboard/?status={Status.PENDING}"),
        Look("list of one customer", f"/dashboard/?{urlencode({'customer_email': customer})}"),
        Look("list, from the middle on", f"/dashboard/?{urlencode({'cursor': middle})}"),
        Look("what the list asks each 20 s", f"/dashboard/live/?{shown}&{rows}"),
        Look("one order", f"/dashboard/orders/{newest[0].order_id}/"),
        Look("overview", "/dashboard/overview/", cold=True),
        Look("tabs, counted afterwards", "/dashboard/counts/", cold=True),
        Look("figures, counted afterwards", "/dashboard/overview/?count=1", cold=True),
        Look("overview, figures kept", "/dashboard/overview/?count=1"),
    ]


def _newest_and_middle(orders: int) -> tuple[list[Order], str]:
    """The first page, and the cursor of the page in the middle, which is reached page by page."""
    everything, step = listing.Filters(), min(orders // 2, listing.BATCH_GET_LIMIT)
    cursor = None
    for _ in range(0, orders // 2, step):
        cursor = listing.page(everything, limit=step, cursor=cursor).next
    newest = listing.page(everything, limit=PAGE_SIZE).orders
    return [order for order in newest if isinstance(order, Order)], cursor or ""


def _body(browser: Client, look: Look) -> bytes:
    response = browser.get(look.path, secure=True, headers={"Accept": "text/html", "HX-Request": "true"})
    if response.status_code != OK:
        raise RuntimeError(f"{look.path} was answered {response.status_code}")
    return response.content

"""What pages and the sweep cost with one number of orders in the tables. Needs the settings."""

import gc
import io
import json
from contextlib import redirect_stderr
from statistics import median
from time import perf_counter, process_time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management import call_command
from django.utils import timezone

from benchmarks import baseline, filling, tables, worker
from benchmarks.meter import metered
from benchmarks.requests import Request, checked
from benchmarks.sizes import Page, Size, Sweep
from orders.dynamodb import connection
from orders.models import Order

MOST_DUE = 20_000
MOST_FORMER = 100_000
"""The local engine takes minutes for each page of a Scan of a larger table."""
LIMIT, DEEP = 25, 1_000
"""Orders per page, and the number of the deep page."""
STEP = 100
TIMED = 20


def measure(orders: int) -> Size:

    tables.make_tables()
    due = min(orders // 5, MOST_DUE)
    filling.fill(Order.Meta.table_name, orders, due=due, at=timezone.now())
    filling.fill_former(baseline.table.name, min(orders, MOST_FORMER), at=timezone.now())
    pages = [_page(1, {}), _page(*_deep(orders))]
    return Size(orders, pages, _sweep(orders, due))


def _page(number: int, query: dict[str, str]) -> Page:
    request = Request("GET", query={"limit": str(LIMIT), **query})
    _get(request)
    seconds = []
    for _ in range(TIMED):
        start = process_time()
        _get(request)
        seconds.append(process_time() - start)
    with metered(connection().connection.client) as meter:
        _get(request)
    return Page(number, meter.calls, meter.rcu or 0.0, median(seconds) * 1000)


def _deep(orders: int) -> tuple[int, dict[str, str]]:
    """The number and the cursor of page DEEP, or of the last full page, found by following `next`."""
    before = (min(DEEP, orders // LIMIT) - 1) * LIMIT
    query: dict[str, str] = {}
    for start in range(0, before, STEP):
        limit = str(min(STEP, before - start))
        following = _get(Request("GET", query={**query, "limit": limit}))["next"]
        query = {"cursor": parse_qs(urlsplit(following).query)["cursor"][0]}
    return before // LIMIT + 1, query


def _get(request: Any) -> Any:
    return checked(request, worker.ours()(request)()).json()


def _sweep(orders: int, due: int) -> Sweep:

    former_rcu, output = _complete_scan(orders), io.StringIO()
    gc.collect()
    with metered(connection().connection.client) as meter, redirect_stderr(io.StringIO()):
        start, cpu = perf_counter(), process_time()
        call_command("expire_orders", json=True, stdout=output)
        seconds, cpu = perf_counter() - start, process_time() - cpu
    expired = json.loads(output.getvalue())["expired"]
    return Sweep(due, expired, meter.calls, meter.rcu or 0.0, seconds, cpu, former_rcu)


def _complete_scan(orders: int) -> float:
    """The units of a Scan of the whole former table; above MOST_FORMER orders in proportion to the items scanned."""
    paginator = baseline.table.meta.client.get_paginator("scan")
    settings = {"TableName": baseline.table.name, "Select": "COUNT", "ReturnConsumedCapacity": "TOTAL"}
    pages = list(paginator.paginate(**settings))
    units = sum(page["ConsumedCapacity"]["CapacityUnits"] for page in pages)
    return float(units * orders / sum(page["Count"] for page in pages))

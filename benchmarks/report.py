"""Prints the results as tables or JSON."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from benchmarks.cold_start import Starts
from benchmarks.endpoints import LIST, SINGLE, Cost, Timings
from benchmarks.expiry import Expiry
from benchmarks.gunicorn import Workers
from benchmarks.rows import Row
from benchmarks.sizes import Size
from benchmarks.worker import SUBJECTS

WIDTH = 118


@dataclass
class Results:
    orders: int
    """The number in each table, except for the sizes."""
    rows: list[Row] = field(default_factory=list)
    timings: Timings | None = None
    costs: dict[str, dict[str, Cost]] = field(default_factory=dict)
    """By app (`ours` or `bare`) and operation."""
    expiry: Expiry | None = None
    sizes: list[Size] = field(default_factory=list)
    gunicorn: Workers | None = None
    cold_starts: list[Starts] = field(default_factory=list)
    taken: dict[str, Any] = field(default_factory=dict)
    """When and where."""


def machine() -> dict[str, Any]:
    """The date, the machine, and how busy it is."""
    load = os.getloadavg()[0]
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cpus": os.cpu_count(),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(load, 1),
    }


def as_json(results: Results) -> str:
    return json.dumps(asdict(results), indent=1)


def show(results: Results) -> None:
    # A fixed width, so that the output fits into the documentation.
    console = Console(width=WIDTH, highlight=False)
    console.print("{at}, {machine}, {cpus} CPUs, Python {python}, load {load} at the end".format(**results.taken))
    console.print(_rows(results.rows))
    if results.timings:
        console.print(_milliseconds(results))
    if results.costs:
        console.print(_costs(results.costs))
    if results.cold_starts:
        console.print(_cold_starts(results.cold_starts))
    for note in NOTES:
        console.print(Padding(f"- {note}", (0, 1)))


NOTES = (
    (
        "× is our CPU time divided by that of the other: the median of all rounds and the quartiles. All processes use "
        "the same engine in turn; the engine's own CPU time does not count."
    ),
    (
        "Ordersite authenticates, validates, throttles and writes conditionally, with a history and indexes. The bare "
        "handlers do none of it. Both peers validate and write the same items as Ordersite; FastAPI authenticates."
    ),
    "The peers and the bare handlers are called with events of API Gateway, Ordersite with WSGI requests.",
)


def _rows(rows: Sequence[Row]) -> Table:
    table = _table("Limits")
    for heading in ("", "measured", "middle half", "must", "aim", ""):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        spread = f"{row.spread[0]:.2f}-{row.spread[1]:.2f}" if row.spread else ""
        aim = "" if row.aim is None else row.shown(row.aim)
        table.add_row(row.name, row.shown(row.measured), spread, row.shown(row.must), aim, row.verdict)
    return table


def _milliseconds(results: Results) -> Table:
    timings = results.timings
    assert timings is not None  # noqa: S101 (for the type checker)
    table = _table(f"CPU ms per request, medians, {results.orders:,} orders in each table")
    subjects = [one for one in SUBJECTS if any(one in of for of in timings.blocks.values())]
    for heading in ("", *subjects):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for operation in (*SINGLE, LIST):
        of = timings.blocks[operation]
        cells = (f"{timings.milliseconds(operation, one):.2f}" if one in of else "" for one in subjects)
        table.add_row(operation, *cells)
    return table


def _costs(costs: dict[str, dict[str, Cost]]) -> Table:
    table = _table("Per request: ours | former handlers")
    for heading in ("", "calls", "RCU", "WCU", "response kB"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for operation, ours in costs["ours"].items():
        former = costs["bare"][operation]
        table.add_row(operation, *(f"{a} | {b:>7}" for a, b in zip(_cells(ours), _cells(former), strict=True)))
    return table


def _cells(cost: Cost) -> Iterator[str]:
    yield f"{cost.calls}"
    for units in (cost.rcu, cost.wcu):
        yield "unknown" if units is None else f"{units:.1f}"
    yield f"{cost.kilobytes:,.1f}"


def _cold_starts(starts: Sequence[Starts]) -> Table:
    table = _table("Cold starts with a GET of an order, medians")
    for heading in ("", "zip MB", "import, CPU ms", "first request, CPU ms", "elapsed ms"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for one in starts:
        times = (f"{number:,.0f}" for number in (one.import_ms, one.first_ms, one.elapsed_ms))
        table.add_row(one.name, f"{one.megabytes:.1f}", *times)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)

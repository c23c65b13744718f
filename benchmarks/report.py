"""Prints the results as tables or JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from benchmarks.benchmark import Comparison, Ratio
from benchmarks.expiry import Expiry, Run

WIDTH = 118


@dataclass(frozen=True)
class Results:
    orders: int
    """The number in each table."""
    listed: int
    """How many of the orders the former list contains."""
    endpoints: Sequence[Comparison]
    expiry: Expiry


def as_json(results: Results) -> str:
    return json.dumps(asdict(results), indent=2)


def show(results: Results) -> None:
    # A fixed width, so that the output fits into the documentation.
    console = Console(width=WIDTH, highlight=False)
    console.print(_endpoints(results), _expiry(results), sep="\n")
    for note in _notes(results):
        console.print(Padding(f"- {note}", (0, 1)))


def _endpoints(results: Results) -> Table:
    table = _table(f"Per request, {results.orders:,} orders in each table: ours | former handlers")
    for heading in ("", "calls", "RCU", "WCU", "response kB", "CPU ms", "ratio", "middle half"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in results.endpoints:
        ours, former = row.ours, row.former
        table.add_row(
            row.name,
            f"{ours.calls:g} | {former.calls:g}",
            f"{_number(ours.rcu)} | {_number(former.rcu):>5}",
            f"{_number(ours.wcu)} | {_number(former.wcu)}",
            f"{ours.kilobytes:,.1f} | {former.kilobytes:>5,.1f}",
            f"{ours.cpu_ms:.2f} | {former.cpu_ms:>6.2f}",
            *_ratio(row.ratio),
        )
    return table


def _expiry(results: Results) -> Table:
    expiry = results.expiry
    table = _table(f"One expiry run, {expiry.due:,} orders due among {results.orders:,}")
    headings = ("", "expired", "left behind", "calls", "RCU/order", "WCU/order", "CPU ms/order", "ratio", "middle half")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("ours", *_run(expiry.ours), *_ratio(expiry.ratio))
    table.add_row("former", *_run(expiry.former))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _run(run: Run) -> Iterator[str]:
    yield from (f"{run.expired:,}", f"{run.left:,}", f"{run.calls:,}")
    yield from (_number(run.rcu, digits=3), _number(run.wcu), _number(run.cpu_ms, digits=2))


def _number(number: float | None, *, digits: int = 1) -> str:
    return "unknown" if number is None else f"{number:,.{digits}f}"


def _ratio(ratio: Ratio | None) -> tuple[str, str]:
    return (f"{ratio.median:.2f}", f"{ratio.low:.2f}-{ratio.high:.2f}") if ratio else ("-", "-")


def _notes(results: Results) -> Iterator[str]:
    pairs = " or ".join(str(pairs) for pairs in sorted({row.pairs for row in results.endpoints}))
    yield (
        f"CPU is the CPU time of this process without the engine: the median of {pairs} requests to each app "
        f"(expiry: {results.expiry.rounds} runs). The ratio is ours / former, the median of all pairs."
    )
    yield (
        "A create costs 3 WCU, or 4 with an e-mail, instead of 1, because the order is also written to the indexes, "
        "thanks to which lists and the sweep need no Scan. A status change costs 4 instead of 1, because it moves the "
        "order within by_status (a delete and a put). A delete costs as much as a create."
    )
    yield "GET costs 1 RCU instead of 0.5, because the read is consistent."
    yield (
        f"The former list has neither pages nor filters: each of its three rows is the same Scan page, with "
        f"{results.listed:,} of the {results.orders:,} orders. Its expiry run reads no more than that."
    )
    yield "Ordersite authenticates, validates, throttles and writes conditionally; the former handlers do not."

"""`python -m benchmarks.plots`: draws docs/images/cost-*.svg from the sizes in docs/performance.json.

That file has the results of the last recorded run (`python -m benchmarks --record docs/performance.json`).
`docs/performance.md` shows the charts.
"""

import json
from argparse import ArgumentParser

from benchmarks.chart import Line, chart
from benchmarks.sizes import Size
from local import PROJECT

RECORDED = PROJECT / "docs" / "performance.json"
IMAGES = PROJECT / "docs" / "images"

# US dollars per million units in us-east-1, on demand: https://aws.amazon.com/dynamodb/pricing/on-demand/
READ, WRITE = 0.125, 0.625
DAYS = 30
# A day of the example. Half an hour's orders expire in each of 24 sweeps.
ORDERS, LISTS, SWEEPS, EXPIRED = 1_000, 1_000, 24, 2
# Units of a new order with its two changes, and of an expiry.
OUR_WRITES, FORMER_WRITES = 12, 3
OUR_EXPIRY, FORMER_EXPIRY = 4, 1
HOURLY = 100
"""The orders that an hourly sweep expires in the chart of its reads."""


def charts(sizes: list[Size]) -> dict[str, str]:
    """The SVG of each chart by file name."""
    x = "orders in the table"
    return {
        "cost-page.svg": chart(title="One list of orders", x=x, y="RCU", lines=_pages(sizes)),
        "cost-sweep.svg": chart(title=f"Finding {HOURLY} due orders", x=x, y="RCU", lines=_sweeps(sizes)),
        "cost-month.svg": chart(title="DynamoDB requests of a month", x=x, y="US dollars", lines=_months(sizes)),
    }


def _pages(sizes: list[Size]) -> list[Line]:
    return [
        Line("ours, page 1", [(size.orders, size.pages[0].rcu) for size in sizes]),
        Line("former, complete", [(size.orders, size.sweep.former_rcu) for size in sizes]),
        Line("ours, deep page", [(size.orders, size.pages[1].rcu) for size in sizes], dashed=True),
    ]


def _sweeps(sizes: list[Size]) -> list[Line]:
    return [
        Line("ours", [(size.orders, HOURLY * _per_order(size)) for size in sizes]),
        Line("former, complete", [(size.orders, size.sweep.former_rcu) for size in sizes]),
    ]


def _months(sizes: list[Size]) -> list[Line]:
    return [
        Line("ours", [(size.orders, our_month(size)) for size in sizes]),
        Line("former, complete", [(size.orders, former_month(size)) for size in sizes]),
    ]


def _per_order(size: Size) -> float:
    return size.sweep.rcu / size.sweep.expired


def our_month(size: Size) -> float:
    """US dollars."""
    reads = LISTS * size.pages[0].rcu + SWEEPS * max(0.5, EXPIRED * _per_order(size))
    return _dollars(reads, ORDERS * OUR_WRITES + SWEEPS * EXPIRED * OUR_EXPIRY)


def former_month(size: Size) -> float:
    """US dollars, if lists and sweeps read the whole table."""
    reads = (LISTS + SWEEPS) * size.sweep.former_rcu
    return _dollars(reads, ORDERS * FORMER_WRITES + SWEEPS * EXPIRED * FORMER_EXPIRY)


def _dollars(reads: float, writes: float) -> float:
    return DAYS * (reads * READ + writes * WRITE) / 1e6


def recorded() -> list[Size]:
    """The sizes in the recorded results, smallest first."""
    sizes = json.loads(RECORDED.read_text())["sizes"]
    return sorted((Size.from_json(json.dumps(size)) for size in sizes), key=lambda size: size.orders)


def main() -> None:
    ArgumentParser(prog="python -m benchmarks.plots", description=__doc__).parse_args()
    for name, svg in charts(recorded()).items():
        (IMAGES / name).write_text(svg)
        print((IMAGES / name).relative_to(PROJECT))


if __name__ == "__main__":
    main()

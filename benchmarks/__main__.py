"""Parses the command line, starts an engine, runs the benchmark and prints the results."""

import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

import django

from benchmarks.cold_start import PYTHON as DEPLOY_PYTHON
from benchmarks.environment import isolate
from benchmarks.workers import PEERS_PYTHON
from local.arguments import at_least
from local.engine import in_memory
from local.errors import LocalError

DESCRIPTION = """
Compare Ordersite with the handlers that it replaces (benchmarks/baseline.py) and with the same API on other frameworks
(benchmarks/peers/), and check each number against its limit. Exits with 1 if one misses its limit. Needs no AWS account
and leaves no files. docs/performance.md explains the results.
"""
PARTS = ("requests", "sweep", "sizes", "gunicorn", "cold-start")
FEWEST_ORDERS, FEWEST_ROUNDS = 50, 2
ORDERS, PAGES_ORDERS = 2_000, 10_000
SIZES, LARGE = [1_000, 10_000, 100_000], 1_000_000


def main() -> None:
    options = _parser().parse_args()
    _check_environments(options)
    try:
        with in_memory() as endpoint, tempfile.TemporaryDirectory(prefix="ordersite-bench-") as folder:
            isolate(endpoint, Path(folder))
            django.setup()
            missed = _measure_pages(options) if options.pages else _measure(options)
    except LocalError as error:
        sys.exit(str(error))
    if missed:
        sys.exit("\n".join(missed))


def _check_environments(options: Namespace) -> None:
    """Exit with a sentence if a virtual environment is missing."""
    parts = () if options.pages else options.only or PARTS
    if "requests" in parts and not options.without_peers and not PEERS_PYTHON.exists():
        sys.exit("The other frameworks are not installed. Run `make bench`, or add --without-peers.")
    if "cold-start" in parts and not DEPLOY_PYTHON.exists():
        sys.exit(
            "The part cold-start needs the packages of Lambda. Run `make deploy-venv`, or name other parts by --only."
        )


def _measure(options: Namespace) -> list[str]:
    """Print the results. Returns a sentence for each row that misses its limit."""
    # They read the settings when they are imported.
    from benchmarks.parts import measure  # noqa: PLC0415
    from benchmarks.report import as_json, show  # noqa: PLC0415

    results = measure(
        parts=options.only or list(PARTS),
        orders=options.orders or ORDERS,
        rounds=options.rounds,
        order_counts=options.sizes or [*SIZES, *([LARGE] if options.large else [])],
        peers=not options.without_peers,
        stock=options.stock,
        report=_report,
    )
    if options.record:
        options.record.write_text(f"{as_json(results)}\n")
    if options.json:
        sys.stdout.write(f"{as_json(results)}\n")
    else:
        show(results)
    return [row.sentence for row in results.rows if row.is_missed]


def _measure_pages(options: Namespace) -> list[str]:
    from benchmarks import staff_pages  # noqa: PLC0415 (needs the settings)

    rows = staff_pages.measure(orders=options.orders or PAGES_ORDERS, report=_report)
    if options.json:
        sys.stdout.write(f"{staff_pages.as_json(rows)}\n")
    else:
        staff_pages.show(rows, orders=options.orders or PAGES_ORDERS)
    return []


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"measure only {', '.join(PARTS)}")
    parser.add_argument(
        "--orders",
        type=at_least(FEWEST_ORDERS),
        metavar="N",
        help=f"orders in each table ({ORDERS:,}, with --pages {PAGES_ORDERS:,}; at least {FEWEST_ORDERS})",
    )
    parser.add_argument(
        "--rounds",
        type=at_least(FEWEST_ROUNDS),
        default=40,
        metavar="N",
        help="rounds of five requests of each kind to each app (%(default)s)",
    )
    parser.add_argument(
        "--sizes",
        type=at_least(FEWEST_ORDERS),
        nargs="+",
        metavar="N",
        help=f"orders in the tables of the part `sizes` ({', '.join(f'{size:,}' for size in SIZES)})",
    )
    parser.add_argument("--large", action="store_true", help=f"also {LARGE:,} orders, which takes half an hour")
    parser.add_argument("--stock", action="store_true", help="also the cold start of Zappa's own package")
    parser.add_argument("--without-peers", action="store_true", help="do not compare with other frameworks")
    parser.add_argument(
        "--pages", action="store_true", help="measure the staff pages instead, with 100 orders and with N"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write the results to FILE as JSON")
    return parser


def _report(what: str) -> None:
    # Plain lines, because the CPU time of a progress display's thread would be measured too.
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

"""Parses the command line, starts an engine, runs the benchmark and prints the results."""

import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks.environment import isolate
from local.engine import in_memory
from local.errors import LocalError

DESCRIPTION = """
Compare Ordersite with the two Lambda handlers that it replaces (benchmarks/baseline.py): DynamoDB calls, capacity units
and CPU time of each endpoint and of the expiry run. Requests alternate between the two in this process, on equal tables
in an in-memory DynamoDB engine. Needs no AWS account and leaves no files. docs/performance.md explains the results.
"""
FEWEST_ORDERS, FEWEST_PAIRS = 50, 2
ORDERS, PAGES_ORDERS = 2_000, 10_000


def main() -> None:
    options = _parser().parse_args()
    try:
        with in_memory() as endpoint, tempfile.TemporaryDirectory(prefix="ordersite-bench-") as folder:
            isolate(endpoint, Path(folder))
            _measure(options)
    except LocalError as error:
        sys.exit(str(error))


def _measure(options: Namespace) -> None:
    django.setup()
    if options.pages:
        _measure_pages(options)
        return
    # Both apps read the environment when they are imported.
    from benchmarks.endpoints_and_expiry import measure  # noqa: PLC0415
    from benchmarks.report import as_json, show  # noqa: PLC0415

    results = measure(orders=options.orders or ORDERS, pairs=options.pairs, report=_report)
    if options.json:
        sys.stdout.write(f"{as_json(results)}\n")
    else:
        show(results)


def _measure_pages(options: Namespace) -> None:
    from benchmarks import staff_pages  # noqa: PLC0415 (needs the settings)

    rows = staff_pages.measure(orders=options.orders or PAGES_ORDERS, report=_report)
    if options.json:
        sys.stdout.write(f"{staff_pages.as_json(rows)}\n")
    else:
        staff_pages.show(rows, orders=options.orders or PAGES_ORDERS)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--orders",
        type=_at_least(FEWEST_ORDERS),
        metavar="N",
        help=f"orders in each table ({ORDERS}, with --pages {PAGES_ORDERS}; at least {FEWEST_ORDERS})",
    )
    parser.add_argument(
        "--pairs",
        type=_at_least(FEWEST_PAIRS),
        default=200,
        metavar="N",
        help="timed requests per endpoint and app; a fifth of it for lists (%(default)s)",
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="measure the staff pages instead, with 100 orders and with N",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def _at_least(fewest: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < fewest:
            raise ArgumentTypeError(f"{text!r} is not a whole number of {fewest} or more")
        return int(text)

    return whole


def _report(what: str) -> None:
    # Plain lines, because the CPU time of a progress display's thread would be measured too.
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

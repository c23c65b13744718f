"""Reads the command line, starts an engine, and prints what a session in it has measured."""

import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks.environment import isolate
from local.engine import in_memory
from local.errors import LocalEngineError

DESCRIPTION = """
Measure Ordersite beside the two Lambda handlers that it replaces (benchmarks/baseline.py): DynamoDB calls, capacity
units and client CPU of each endpoint and of the expiry run. Both sides run in this process, request by request in
turn, on equal tables in an in-memory DynamoDB engine that is started for it; no AWS account is needed and nothing is
kept. It judges nothing: the exit code is 0 whatever the figures are. docs/performance.md says how to read them.
"""
FEWEST_ORDERS, FEWEST_PAIRS = 50, 2
ORDERS, PAGES_ORDERS = 2_000, 10_000


def main() -> None:
    options = _parser().parse_args()
    try:
        with in_memory() as endpoint, tempfile.TemporaryDirectory(prefix="ordersite-bench-") as folder:
            isolate(endpoint, Path(folder))
            _measure(options)
    except LocalEngineError as error:
        sys.exit(str(error))


def _measure(options: Namespace) -> None:
    django.setup()
    if options.pages:
        _measure_pages(options)
        return
    # Both sides read the environment as they are imported.
    from benchmarks.report import as_json, show  # noqa: PLC0415
    from benchmarks.session import measure  # noqa: PLC0415

    results = measure(orders=options.orders or ORDERS, pairs=options.pairs, watch=_say)
    if options.json:
        sys.stdout.write(f"{as_json(results)}\n")
    else:
        show(results)


def _measure_pages(options: Namespace) -> None:
    from benchmarks import pages  # noqa: PLC0415 (the settings must be there first)

    rows = pages.measure(orders=options.orders or PAGES_ORDERS, watch=_say)
    if options.json:
        sys.stdout.write(f"{pages.as_json(rows)}\n")
    else:
        pages.show(rows, orders=options.orders or PAGES_ORDERS)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--orders",
        type=_at_least(FEWEST_ORDERS),
        metavar="N",
        help=f"how many orders each table holds ({ORDERS}, with --pages {PAGES_ORDERS}; at least {FEWEST_ORDERS})",
    )
    parser.add_argument(
        "--pairs",
        type=_at_least(FEWEST_PAIRS),
        default=200,
        metavar="N",
        help="how many timed requests each side gets per endpoint; a fifth of it for lists (%(default)s)",
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="measure the staff pages instead, over 100 orders and over N",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of tables")
    return parser


def _at_least(fewest: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < fewest:
            raise ArgumentTypeError(f"{text!r} is not a whole number of {fewest} or more")
        return int(text)

    return whole


def _say(what: str) -> None:
    # Plain lines: a progress display's thread would count as CPU of whoever is measured.
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

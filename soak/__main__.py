"""Parses the command line, runs the soak test, and prints each violation. The exit status is 1 if there is any."""

import shutil
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from local import ROOT
from local.arguments import at_least
from local.errors import LocalError
from soak.checks import violations
from soak.leaks import leaks, measure
from soak.plan import BOTOCORE, KILL_EVERY, LEAN, Plan
from soak.report import describe
from soak.run import run

DESCRIPTION = """
Run the site with production settings while 12 clients use it, faults are injected between it and DynamoDB Local, and
processes are killed. Then compare the table with the responses that the clients got. Exits with 1 and a sentence per
violation if the two differ. Needs no AWS account. The journal and the logs of the last run stay in .local/soak.
docs/reliability.md explains the checks.
"""
FOLDER = ROOT / "soak"
INTERRUPTED = 130


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        found = [_run(plan, FOLDER / f"{plan.shards}-shards") for plan in plans(options)]
        if options.requests:
            found.append(_find_leaks(options.requests, FOLDER / "leaks", options.seed))
        return max(found)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _interrupt(*_: object) -> None:
    """Ends all processes on SIGTERM too, as on Ctrl-C."""
    raise KeyboardInterrupt


def plans(options: Namespace) -> list[Plan]:
    each = max(1, options.operations // len(options.shards))
    kill_every = min(KILL_EVERY, max(1, each // 6))
    return [
        Plan(
            operations=each,
            shards=shards,
            seed=options.seed,
            seconds=options.seconds,
            kill_every=kill_every,
            client=options.client,
        )
        for shards in options.shards
    ]


def _run(plan: Plan, folder: Path) -> int:
    evidence = run(plan, folder)
    found = violations(evidence)
    result = f"{len(found):,} violations" if found else "No violations"
    sys.stdout.write(
        "\n".join([describe(plan, evidence), f"{result}. Journal: {folder / 'journal.jsonl'}", *found, ""])
    )
    sys.stdout.flush()
    return 1 if found else 0


def _find_leaks(requests: int, folder: Path, seed: int) -> int:
    sys.stdout.write("\nOne worker, without faults\n")
    uses = []
    for use in measure(requests, folder, seed=seed):
        uses.append(use)
        sys.stdout.write(f"{use}\n")
        sys.stdout.flush()
    found = list(leaks(uses))
    sys.stdout.writelines(f"{sentence}\n" for sentence in found)
    return 1 if found else 0


def arguments(words: list[str] | None = None) -> Namespace:
    """The arguments of the command line, or `words`."""
    parser = ArgumentParser(prog="python -m soak", description=DESCRIPTION)
    parser.add_argument(
        "--operations", type=at_least(1), default=20_000, metavar="N", help="operations of all clients (%(default)s)"
    )
    parser.add_argument("--seconds", type=at_least(1), metavar="S", help="end each run after S seconds")
    parser.add_argument(
        "--seed", type=at_least(1), default=1, metavar="N", help="the seed of all clients (%(default)s)"
    )
    parser.add_argument(
        "--requests",
        type=at_least(0),
        default=30_000,
        metavar="N",
        help="then send N requests to one worker and compare its memory and descriptors; 0 for none (%(default)s)",
    )
    parser.add_argument(
        "--client",
        choices=[LEAN, BOTOCORE],
        default=LEAN,
        help="the value of ORDERS_DYNAMODB_CLIENT (%(default)s); with botocore no reply trickles in",
    )
    parser.add_argument(
        "--shards",
        type=at_least(1),
        nargs="+",
        default=[1, 4],
        metavar="N",
        help="one run for each of these values of ORDERS_INDEX_SHARDS; they share the operations (1 4)",
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())

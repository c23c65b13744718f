"""Whether a worker of gunicorn uses no more memory and descriptors after many requests than after few."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Thread
from typing import NamedTuple

from local.engine import durable
from local.errors import LocalError
from local.postgresql_server import free_port, postgresql_server
from soak.journal import Journal
from soak.plan import Plan
from soak.processes import HAS_PROC, count_descriptors
from soak.shop import Shop
from soak.site import copy_project, environment, prepare, serve
from soak.web import Web
from soak.workload import Workload

PARTS = 6
"""The worker is measured after each of these parts of the requests. The first one is the warm-up."""
CLIENTS = 4
MEMORY_GROWTH = 1.05
"""Memory may grow by this factor after the warm-up, because Python does not return every page to the system."""
MORE_DESCRIPTORS = 16
"""Each of the 8 threads may have a connection to a client and one to DynamoDB."""


class Use(NamedTuple):
    """What the worker uses after so many requests."""

    requests: int
    memory_kb: int
    descriptors: int

    def __str__(self) -> str:
        return f"after {self.requests:>6,} requests: {self.memory_kb / 1024:.1f} MB, {self.descriptors} descriptors"


def leaks(uses: list[Use]) -> Iterator[str]:
    """A sentence for each resource of which the worker uses more at the end than after the warm-up."""
    first, last = uses[0], uses[-1]
    if last.memory_kb > first.memory_kb * MEMORY_GROWTH:
        yield f"The memory of a worker grew from {first.memory_kb:,} to {last.memory_kb:,} KB."
    if last.descriptors > first.descriptors + MORE_DESCRIPTORS:
        yield f"The open descriptors of a worker grew from {first.descriptors} to {last.descriptors}."


def measure(requests: int, folder: Path, *, seed: int) -> Iterator[Use]:
    """The use of the only worker after each part of at least so many requests, without faults.

    Raises LocalError if the system has no /proc, as Linux does, or a part of the site does not start.
    """
    if not HAS_PROC:
        raise LocalError("The open descriptors of a process can only be counted on Linux.")
    with ExitStack() as stack:
        engine = stack.enter_context(durable(folder / "engine", port=free_port()))
        database = stack.enter_context(postgresql_server()).url
        copy_project(folder / "site")
        variables = environment(free_port(), engine.endpoint, database)
        keys, _ = prepare(folder / "site", variables)
        # Unlike in production, where a worker is replaced after 10,000 requests.
        web = serve(stack, folder, variables, "--workers", "1", "--max-requests", "0")
        journal = Journal(folder / "journal.jsonl")
        stack.callback(journal.close)
        port = int(variables["BIND"].rpartition(":")[2])
        for part in range(PARTS):
            _send(requests // PARTS, keys, port, journal, seed + part)
            [worker] = web.workers()
            yield _use(worker, len(journal.entries))


def _send(operations: int, keys: dict[str, str], port: int, journal: Journal, seed: int) -> None:
    """Send at least one request per operation."""
    workload = Workload(Plan(operations=operations, shards=1, seed=seed))
    shops = [
        Shop(Web(port, journal, name), key, workload, Random(f"{seed} {name}"))  # noqa: S311 (not for security)
        for name, key in list(keys.items())[:CLIENTS]
    ]
    threads = [Thread(target=shop.run) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _use(pid: int, requests: int) -> Use:
    memory = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)  # noqa: S607
    return Use(requests, int(memory.stdout), count_descriptors(pid))

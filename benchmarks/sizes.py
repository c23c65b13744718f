"""What pages and the sweep cost with different numbers of orders in the table."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

import django

from local import PROJECT


@dataclass(frozen=True)
class Page:
    """`number` counts from 1. `cpu_ms` is a median."""

    number: int
    calls: int
    rcu: float
    cpu_ms: float


@dataclass(frozen=True)
class Sweep:
    """One run. `former_rcu` is what a complete Scan of the former table consumes; for large tables computed."""

    due: int
    expired: int
    calls: int
    rcu: float
    seconds: float
    cpu_seconds: float
    former_rcu: float


@dataclass(frozen=True)
class Size:
    orders: int
    pages: list[Page]
    sweep: Sweep

    @classmethod
    def from_json(cls, text: str) -> "Size":
        values: dict[str, Any] = json.loads(text)
        return cls(values["orders"], [Page(**page) for page in values["pages"]], Sweep(**values["sweep"]))


def measure(orders: int) -> Size:
    """Measure in a process of its own, with tables of its own, which stay."""
    tables = {"ORDERS_TABLE": f"Orders-{orders}", "BASELINE_TABLE": f"OrdersBaseline-{orders}"}
    command = [sys.executable, "-m", "benchmarks.sizes", str(orders)]
    environment = os.environ | tables
    done = subprocess.run(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Size.from_json(done.stdout)


def main() -> None:
    """Print a Size as JSON. Needs the environment of the benchmark."""
    django.setup()
    from benchmarks import one_size  # noqa: PLC0415 (needs the settings)

    print(json.dumps(asdict(one_size.measure(int(sys.argv[1])))))


if __name__ == "__main__":
    main()

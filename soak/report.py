"""The figures of a run, as text."""

from collections import Counter
from collections.abc import Iterator
from statistics import quantiles

from orders.instants import read_instant
from soak.checks.responses import EXPECTED
from soak.evidence import Evidence
from soak.journal import Entry
from soak.plan import Plan


def describe(plan: Plan, evidence: Evidence) -> str:
    requests = [entry for entry in evidence.entries if entry.operation in EXPECTED]
    lines = {
        "client, shards, seed": f"{plan.client}, {plan.shards}, {plan.seed}",
        "duration": f"{_duration(evidence):.0f} s",
        "operations": f"{evidence.operations:,}",
        "requests": f"{len(requests):,}",
        "responses": _counts(Counter(str(entry.status or "none") for entry in requests)),
        "seconds per request": _percentiles(requests),
        "sweeps": _counts(Counter(str(entry.status) for entry in evidence.entries if entry.operation == "sweep")),
        "list walks": f"{sum(entry.operation == 'walk' for entry in evidence.entries):,}",
        "kills": _counts(Counter(kill.process for kill in evidence.kills)),
        "faults": _counts(Counter(evidence.faults)),
        "descriptors": ", ".join(map(str, evidence.descriptors)) or "not counted",
        "orders at the end": _counts(Counter(item["status"] for item in evidence.table.items.values())),
    }
    return "\n".join(f"{name + ':':<22}{value}" for name, value in lines.items())


def _duration(evidence: Evidence) -> float:
    first = min(entry.started for entry in evidence.entries)
    last = max(entry.ended for entry in evidence.entries)
    return (read_instant(last) - read_instant(first)).total_seconds()


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def _percentiles(requests: list[Entry]) -> str:
    times = sorted(_seconds(requests))
    cuts = quantiles(times, n=100) if len(times) > 1 else []
    return f"median {cuts[49]:.2f}, 99 % {cuts[98]:.2f}, longest {times[-1]:.2f}" if cuts else "none"


def _seconds(requests: list[Entry]) -> Iterator[float]:
    return ((read_instant(entry.ended) - read_instant(entry.started)).total_seconds() for entry in requests)

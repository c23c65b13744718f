"""The requests to the endpoints, in turn to all subjects. They delete the orders that they create."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.cpu import Ratio, ratio_of
from benchmarks.requests import Request
from benchmarks.workers import Timed, Worker

BLOCK = 5
"""Requests to one subject before the next one's turn."""
WARM_UP = 4
"""Rounds that are not measured."""
NEW_ORDER = {
    "item": "Oak side table",
    "quantity": 2,
    "customer_name": "Meera Iyer",
    "customer_email": "meera.iyer@example.com",
}
LIST, LIMIT = "list of 25", {"limit": "25"}
SINGLE = ("GET", "POST", "PUT", "DELETE")


@dataclass
class Timings:
    """CPU seconds: by operation and subject, one number for each block."""

    blocks: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, operation: str, subject: str, timed: Sequence[Timed]) -> None:
        seconds = sum(one.seconds for one in timed) / len(timed)
        self.blocks.setdefault(operation, {}).setdefault(subject, []).append(seconds)

    def ratio(self, operation: str, subject: str, to: str) -> Ratio:
        """Of the blocks of the same round, because a slowdown of the machine affects both."""
        of = self.blocks[operation]
        return ratio_of(list(zip(of[subject], of[to], strict=True)))

    def milliseconds(self, operation: str, subject: str) -> float:
        return median(self.blocks[operation][subject]) * 1000


def run(workers: dict[str, Worker], *, rounds: int, report: Callable[[str], object]) -> Timings:
    """Each round sends BLOCK requests of every kind to every subject, starting with another subject each time."""
    report(f"requests to {', '.join(workers)}: {rounds} rounds")
    warm_up, timings = Timings(), Timings()
    subjects = list(workers)
    for number in range(WARM_UP + rounds):
        first = number % len(subjects)
        _round(workers, [*subjects[first:], *subjects[:first]], timings if number >= WARM_UP else warm_up)
    return timings


def _round(workers: dict[str, Worker], subjects: Sequence[str], timings: Timings) -> None:
    lists = [subject for subject in subjects if subject != "bare"]
    single = [subject for subject in subjects if subject != "bare Query"]
    ids: dict[str, list[str]] = {}
    for subject in single:
        placed = workers[subject].run([Request("POST", body=NEW_ORDER)] * BLOCK)
        timings.add("POST", subject, placed)
        ids[subject] = [one.response.json()["order_id"] for one in placed]
    for method, body in (("GET", None), ("PUT", {"status": "PROCESSING"}), ("DELETE", None)):
        for subject in single:
            requests = [Request(method, order_id, body=body) for order_id in ids[subject]]
            timings.add(method, subject, workers[subject].run(requests))
    for subject in lists:
        timings.add(
            LIST, subject, workers[subject].run([Request("GET", query=LIMIT if subject == "ours" else {})] * BLOCK)
        )


@dataclass(frozen=True)
class Cost:
    """Of one request: DynamoDB calls, capacity units and the size of the response."""

    calls: int
    rcu: float | None
    wcu: float | None
    kilobytes: float


def costs(worker: Worker) -> dict[str, Cost]:
    placed = worker.metered(Request("POST", body=NEW_ORDER))
    order_id = _order_id(placed)
    return {
        "GET": _cost(worker.metered(Request("GET", order_id))),
        "POST": _cost(placed),
        "PUT": _cost(worker.metered(Request("PUT", order_id, body={"status": "PROCESSING"}))),
        "DELETE": _cost(worker.metered(Request("DELETE", order_id))),
        "list": _cost(worker.metered(Request("GET"))),
    }


def _order_id(placed: dict[str, Any]) -> str:
    order_id: str = json.loads(placed["body"])["order_id"]
    return order_id


def _cost(metered: dict[str, Any]) -> Cost:
    size = len(metered["body"].encode()) / 1000
    return Cost(metered["calls"], metered["rcu"], metered["wcu"], size)

"""The parts of the benchmark, each of which fills in its results and rows."""

from collections.abc import Callable
from os import environ

from django.core.management import call_command
from django.utils import timezone

from accounts.models import Access, ApiKey
from benchmarks import cold_start, endpoints, expiry, gunicorn, rows, sizes, tables
from benchmarks.report import Results, machine
from benchmarks.requests import Request
from benchmarks.workers import PEERS, working

SUBJECTS = ("ours", "bare", "bare Query")
Report = Callable[[str], object]


def measure(  # noqa: PLR0913 (the options of the command)
    *, parts: list[str], orders: int, rounds: int, order_counts: list[int], peers: bool, stock: bool, report: Report
) -> Results:
    """Needs an empty engine and an empty database. Calls `report` with the name of the next measurement."""
    report(f"filling both tables with {orders:,} orders")
    call_command("migrate", verbosity=0)
    tables.make_tables()
    due = tables.fill(orders, at=timezone.now())
    _, key = ApiKey.objects.create_key(name="bench", access=Access.READ_WRITE)
    environ["BENCHMARK_KEY"] = key
    results = Results(orders)
    if "requests" in parts:
        _requests(results, rounds=rounds, peers=peers, report=report)
    if "sweep" in parts:
        results.expiry = expiry.run(due, rounds=max(2, min(rounds // 10, 8)), report=report)
        results.rows += rows.of_expiry(results.expiry)
    if "sizes" in parts:
        for number in order_counts:
            report(f"pages and sweep with {number:,} orders")
            results.sizes.append(sizes.measure(number))
            results.rows += rows.of_size(results.sizes[-1])
    _servers_and_starts(results, parts, key, stock=stock, report=report)
    results.taken = machine()
    return results


def _requests(results: Results, *, rounds: int, peers: bool, report: Report) -> None:
    with working([*SUBJECTS, *(PEERS if peers else ())], {}) as workers:
        timings = endpoints.run(workers, rounds=rounds, report=report)
        results.costs = {app: endpoints.costs(workers[app]) for app in ("ours", "bare")}
    results.timings = timings
    results.rows += rows.of_requests(timings)
    if peers:
        results.rows += rows.of_peers(timings)


def _servers_and_starts(results: Results, parts: list[str], key: str, *, stock: bool, report: Report) -> None:
    if not {"gunicorn", "cold-start"} & set(parts):
        return
    with working(("ours", "bare"), {}) as workers:
        new = Request("POST", body=endpoints.NEW_ORDER)
        order_ids = {app: worker.run([new])[0].response.json()["order_id"] for app, worker in workers.items()}
    if "gunicorn" in parts and gunicorn.is_supported():
        results.gunicorn = gunicorn.measure(key, order_ids, report=report)
        results.rows += rows.of_gunicorn(results.gunicorn)
    if "cold-start" in parts:
        results.cold_starts = cold_start.measure(key, order_ids, stock=stock, report=report)
        results.rows += rows.of_cold_starts(results.cold_starts)

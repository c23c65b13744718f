"""One run: clients, faults and kills, then the contents of the table."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Thread

from soak.evidence import Evidence
from soak.journal import Journal
from soak.killer import Killer
from soak.plan import Plan
from soak.processes import HAS_PROC, count_descriptors
from soak.shop import Shop, walk_list
from soak.site import Site, injected_faults, serve, site
from soak.staff import Staff
from soak.sweeper import Sweeper
from soak.table import read_table
from soak.web import Web
from soak.workload import Workload

ALL_PAGES = 100_000


def run(plan: Plan, folder: Path) -> Evidence:
    """Run the plan with all files in `folder`. Raises LocalError if a part of the site does not start."""
    with ExitStack() as stack:
        running = stack.enter_context(site(folder, plan))
        journal = Journal(folder / "journal.jsonl")
        stack.callback(journal.close)
        operations = _act(plan, running, journal)
        descriptors = [count_descriptors(worker) for worker in running.gunicorn.workers()] if HAS_PROC else []
        _read_everything(running, journal, folder)
        table = read_table(running.engine.running.endpoint)
        return Evidence(journal.entries, journal.kills, table, injected_faults(running), operations, descriptors)


def _act(plan: Plan, running: Site, journal: Journal) -> int:
    """Let all clients act at the same time until the plan is done. Returns the number of operations.

    Raises the first error of a client.
    """
    workload = Workload(plan)
    sweeper = Sweeper(running, journal, workload)
    killer = Killer(running, sweeper, journal, workload, _random(plan, "killer"))
    staff = [
        Staff(Web(running.port, journal, f"staff:{name}"), name, password, workload, _random(plan, name))
        for name, password in running.passwords.items()
    ]
    shops = [
        Shop(Web(running.port, journal, name), key, workload, _random(plan, name)) for name, key in running.keys.items()
    ]
    for member in staff:
        member.sign_in()
    runners = [*(shop.run for shop in shops), *(member.run for member in staff), sweeper.run, killer.run]
    _run_all(runners, workload)
    return workload.done


def _random(plan: Plan, name: str) -> Random:
    return Random(f"{plan.seed} {plan.shards} {name}")  # noqa: S311 (not for security)


def _run_all(runners: list[Callable[[], None]], workload: Workload) -> None:
    errors: list[BaseException] = []

    def run_one(runner: Callable[[], None]) -> None:
        try:
            runner()
        except BaseException as error:  # noqa: BLE001 (raised below)
            errors.append(error)
            workload.stop()

    threads = [Thread(target=run_one, args=[runner], daemon=True) for runner in runners]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        workload.stop()  # also on Ctrl-C
    if errors:
        raise errors[0]


def _read_everything(running: Site, journal: Journal, folder: Path) -> None:
    """Restart the app without faults and walk through the list of all orders. Nothing writes any more afterwards."""
    running.gunicorn.stop()
    direct = {**running.environment, "AWS_ENDPOINT_URL_DYNAMODB": running.engine.running.endpoint}
    [(name, key), *_] = running.keys.items()
    with ExitStack() as stack:
        serve(stack, folder, direct)
        headers = {"Authorization": f"Api-Key {key}"}
        web = Web(running.port, journal, name)
        walk_list(web, headers, {}, random=Random(), max_pages=ALL_PAGES)  # noqa: S311 (not for security)

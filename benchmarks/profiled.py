"""Sends the requests of `benchmarks.profile` to the app in this process. Needs the settings."""

import os
from collections.abc import Callable
from time import process_time

from django.core.management import call_command
from django.utils import timezone

from accounts.models import Access, ApiKey
from benchmarks import tables, worker
from benchmarks.endpoints import LIMIT, NEW_ORDER
from benchmarks.profile import WARM_UP, Profile
from benchmarks.requests import Request, Response, checked

ORDERS = 200


def run(kind: str, count: int) -> tuple[Profile, float]:
    """The profile of `count` requests, and the CPU milliseconds of one."""
    call_command("migrate", verbosity=0)
    tables.make_tables()
    tables.fill(ORDERS, at=timezone.now())
    _, os.environ["BENCHMARK_KEY"] = ApiKey.objects.create_key(name="profile", access=Access.READ_WRITE)
    prepare = worker.ours()

    def send(request: Request) -> Response:
        return checked(request, prepare(request)())

    requests = list(_requests(kind, WARM_UP + count, send))
    for request in requests[:WARM_UP]:
        send(request)
    calls = [prepare(request) for request in requests[WARM_UP:]]
    profile, start = Profile(), process_time()
    with profile:
        for call in calls:
            call()
    return profile, (process_time() - start) / count * 1000


def _requests(kind: str, count: int, send: Callable[[Request], Response]) -> list[Request]:
    if kind == "list":
        return [Request("GET", query=LIMIT)] * count
    new = Request("POST", body=NEW_ORDER)
    if kind == "POST":
        return [new] * count
    if kind == "GET":
        return [Request("GET", send(new).json()["order_id"])] * count
    body = {"status": "PROCESSING"} if kind == "PUT" else None
    return [Request(kind, send(new).json()["order_id"], body=body) for _ in range(count)]

"""A program with an API key: it places, reads, changes, deletes and lists orders at random."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from orders.instants import write_instant
from soak.journal import Entry, now
from soak.web import Response, Web
from soak.workload import Workload

UNCERTAIN = (None, 502, 503, 504)
"""After these responses, docs/api.md says: repeat the request."""
REPEATS = 4
PAGE_REPEATS = 20
MAX_PAUSE = 1.0
"""Seconds before a repeat. Less than the Retry-After of 2 s, for more requests in less time."""
PAGE = 50
MAX_PAGES = 40

CUSTOMERS = 30
TARGETS = ("PROCESSING", "COMPLETED", "CANCELLED", "PENDING")
WALK_WINDOW = timedelta(seconds=90)


WITH_KEY = 0.8
"""Share of the creates with an Idempotency-Key."""
CONDITIONAL = 0.3
"""Share of the changes and deletes with If-Match."""


class Request(NamedTuple):
    operation: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 (never changed)


class Shop:
    def __init__(self, web: Web, key: str, workload: Workload, random: Random) -> None:
        self.web, self.workload, self.random = web, workload, random
        self.authorization = {"Authorization": f"Api-Key {key}"}
        self.created: list[dict[str, Any]] = []
        """The `sent` of each create with an Idempotency-Key, to repeat some much later."""
        self.versions: dict[str, int] = {}
        """The version of each order that this client has seen last."""
        self.number = 0

    def run(self) -> None:
        self._create_the_first()
        actions = self._actions()
        while self.workload.take():
            [action] = self.random.choices(list(actions), list(actions.values()))
            action()

    def _create_the_first(self) -> None:
        while not self.created and self.workload.take():
            self.create()
        self.workload.wait_for_an_order()

    def _actions(self) -> dict[Callable[[], None], int]:
        return {
            self.create: 32,
            self.replay: 4,
            self.reuse_key: 2,
            self.get: 14,
            self.change: 30,
            self.delete: 6,
            self.touch_missing: 4,
            self.walk: 8,
        }

    # --- Create -------------------------------------------------------------------------------------------------------

    def create(self) -> None:
        self.number += 1
        unique = f"{self.web.name} {self.number}"
        customer = self.random.randrange(CUSTOMERS)
        order = {
            "item": f"Teapot of {unique}",  # identifies the order in the table, even if no response arrived
            "quantity": self.random.randint(1, 1_000_000),
            "customer_email": f"customer-{customer}@example.com" if customer else "",
        }
        sent = {"order": order, "key": unique if self.random.random() < WITH_KEY else None}
        if sent["key"]:
            self.created.append(sent)
        self._post(sent)

    def replay(self) -> None:
        """Repeat an earlier create, as a program does that has lost the response."""
        if self.created:
            self._post(self.random.choice(self.created))

    def reuse_key(self) -> None:
        """Place another order with a key that was used before."""
        if self.created:
            sent = self.random.choice(self.created)
            self._post({**sent, "order": {**sent["order"], "customer_name": "Somebody else"}})

    def _post(self, sent: dict[str, Any]) -> None:
        headers = {"Idempotency-Key": sent["key"]} if sent["key"] else {}
        request = Request("create", "POST", "/orders", sent["order"], headers)
        entry = self._send(request, attempts=REPEATS if sent["key"] else 1, sent=sent)
        if entry.status == HTTPStatus.CREATED:
            self.workload.add(entry.reply["order_id"])

    # --- One order ----------------------------------------------------------------------------------------------------

    def get(self) -> None:
        for order_id in self.workload.choose(self.random):
            self._send(Request("get", "GET", f"/orders/{order_id}"), order_id=order_id)

    def change(self) -> None:
        for order_id in self.workload.choose(self.random):
            to, version = self.random.choice(TARGETS), self._condition(order_id)
            request = Request("change", "PUT", f"/orders/{order_id}", {"status": to}, _if_match(version))
            self._send(request, attempts=REPEATS, order_id=order_id, sent={"to": to, "version": version})

    def delete(self) -> None:
        for order_id in self.workload.choose(self.random):
            version = self._condition(order_id)
            request = Request("delete", "DELETE", f"/orders/{order_id}", headers=_if_match(version))
            self._send(request, attempts=REPEATS, order_id=order_id, sent={"version": version})

    def touch_missing(self) -> None:
        """Use the id of an order that never existed."""
        order_id = str(UUID(int=self.random.getrandbits(128), version=4))
        path, sent = f"/orders/{order_id}", {"to": "PROCESSING", "version": None}
        requests = (
            Request("get", "GET", path),
            Request("change", "PUT", path, {"status": "PROCESSING"}),
            Request("delete", "DELETE", path),
        )
        self._send(self.random.choice(requests), order_id=order_id, sent=sent)

    def _condition(self, order_id: str) -> int | None:
        """The version for If-Match, in some requests."""
        return self.versions.get(order_id) if self.random.random() < CONDITIONAL else None

    def _send(self, request: Request, *, attempts: int = 1, **fields: Any) -> Entry:
        """Send the request, and repeat it unchanged while it is uncertain whether it took effect."""
        for _ in range(attempts):
            entry = self._send_once(request, **fields)
            if entry.status not in UNCERTAIN:
                break
            pause(self.random)
        return entry

    def _send_once(self, request: Request, **fields: Any) -> Entry:
        content = json.dumps(request.body).encode() if request.body is not None else None
        typed = {"Content-Type": "application/json"} if content else {}
        headers = {**self.authorization, **typed, **request.headers}
        started = now()
        response = self.web.send(request.method, request.path, content, headers)
        entry = self.web.record(request.operation, started, response, **fields)
        document = entry.reply.get("order", entry.reply) if isinstance(entry.reply, dict) else {}
        if "version" in document:
            self.versions[document["order_id"]] = document["version"]
        return entry

    # --- Lists --------------------------------------------------------------------------------------------------------

    def walk(self) -> None:
        """Follow `next` from the newest page to the last one."""
        since = write_instant(datetime.now(UTC) - WALK_WINDOW)
        filters = self.random.choice(
            [
                {"created_after": since},
                {"created_after": since, "status": self.random.choice(("PENDING", "PROCESSING", "CANCELLED"))},
                {"customer_email": f"customer-{self.random.randint(1, CUSTOMERS - 1)}@example.com"},
            ]
        )
        walk_list(self.web, self.authorization, filters, random=self.random)


def _if_match(version: int | None) -> dict[str, str]:
    return {"If-Match": f'"{version}"'} if version else {}


def pause(random: Random) -> None:
    """Without a pause, most requests of a run would be sent while the engine starts again, and get a 503."""
    time.sleep(random.uniform(0, MAX_PAUSE))


def walk_list(
    web: Web, headers: dict[str, str], filters: dict[str, str], *, random: Random, max_pages: int = MAX_PAGES
) -> Entry:
    """Read a list page by page. The walk's own entry contains a short row for each order."""
    started = now()
    path: str | None = f"/orders?{urlencode({**filters, 'limit': PAGE})}"
    rows: list[list[Any]] = []
    for _ in range(max_pages):
        document = _page(web, headers, path, filters, random) if path else None
        if document is None:
            break
        rows += [_row(order) for order in document["results"]]
        target = urlsplit(document["next"]) if document["next"] else None
        path = f"{target.path}?{target.query}" if target else None
    complete = path is None
    return web.record("walk", started, Response(200), sent=filters, reply={"complete": complete, "rows": rows})


def _row(order: dict[str, Any]) -> list[Any]:
    return [order["order_id"], order["created_at"], order["status"], order["version"]]


def _page(
    web: Web, headers: dict[str, str], path: str, filters: dict[str, str], random: Random
) -> dict[str, Any] | None:
    """One page, requested until it arrives; None if it does not."""
    for _ in range(PAGE_REPEATS):
        started = now()
        response = web.send("GET", path, None, headers)
        document: dict[str, Any] | None = response.json() if response.status == HTTPStatus.OK else None
        unreadable = document.get("unreadable") if document else None
        entry = web.record("page", started, response, sent=filters, reply=unreadable)
        if entry.status not in UNCERTAIN:
            return document
        pause(random)
    return None

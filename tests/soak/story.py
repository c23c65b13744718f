"""Builds the evidence of a run in which nothing went wrong. A test then changes one thing in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orders.instants import write_instant
from soak.evidence import Evidence
from soak.journal import Entry, Kill
from soak.table import Table

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
SHOP, OTHER, STAFF = "api-key:shop-0", "api-key:shop-1", "staff:staff-0"
SWEEP = "system:expire_orders"


def at(seconds: float) -> str:
    """The instant so many seconds after the start of the run."""
    return write_instant(START + timedelta(seconds=seconds))


class Story:
    """Each request starts ten seconds after the one before, takes two seconds, and takes effect after one."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.entries: list[Entry] = []
        self.kills: list[Kill] = []
        self.items: dict[str, dict[str, Any]] = {}

    def evidence(self) -> Evidence:
        indexes = {
            "by_status": dict(self.items),
            "by_created": dict(self.items),
            "by_customer": {name: item for name, item in self.items.items() if item["customer_email"]},
        }
        return Evidence(self.entries, self.kills, Table(dict(self.items), indexes))

    def add(self, operation: str, *, client: str = SHOP, **fields: Any) -> Entry:
        times = {"started": at(self.seconds), "ended": at(self.seconds + 2)}
        self.seconds += 10
        entry = Entry(number=len(self.entries) + 1, client=client, operation=operation, **{**times, **fields})
        self.entries.append(entry)
        return entry

    def change(self, number: int, **fields: Any) -> None:
        """Change fields of the entry with this number."""
        self.entries[number - 1] = replace(self.entries[number - 1], **fields)

    def place(self, order_id: str, *, key: str | None = None, client: str = SHOP, **fields: Any) -> None:
        created = at(self.seconds + 1)
        self.items[order_id] = {
            "order_id": order_id,
            "item": f"Teapot of {order_id}",
            "quantity": 1,
            "customer_name": "anonymous",
            "customer_email": "",
            "created_at": created,
            "updated_at": created,
            "status": "PENDING",
            "status_key": "PENDING#0",
            "version": 1,
            "history": [{"status": "PENDING", "at": created, "by": client}],
            **fields,
        }
        sent = {"order": {"item": f"Teapot of {order_id}"}, "key": key}
        self.add("create", client=client, sent=sent, status=201, reply=self.document(order_id))

    def move(self, order_id: str, to: str, *, client: str = SHOP) -> None:
        self._append(order_id, to, client)
        sent = {"to": to, "version": None}
        self.add("change", client=client, order_id=order_id, sent=sent, status=200, reply=self.document(order_id))

    def move_in_bulk(self, order_id: str, to: str, action: str) -> None:
        version = self.items[order_id]["version"]
        self._append(order_id, to, STAFF)
        sent = {"action": action, "seen": {order_id: str(version)}}
        self.add("bulk", client=STAFF, sent=sent, status=200, reply={order_id: f"became {to.title()}"})

    def expire(self, order_id: str) -> None:
        self._append(order_id, "EXPIRED", SWEEP)
        self.items[order_id]["expired_at"] = at(self.seconds + 1)
        summary = {"expired": 1, "failed": 0, "unreadable": 0, "repaired": 0}
        reply = {"summary": summary, "output": ""}
        self.add("sweep", client=SWEEP, sent={"age_hours": 0.001}, status=0, reply=reply)

    def delete(self, order_id: str) -> None:
        del self.items[order_id]
        self.add("delete", order_id=order_id, sent={"version": None}, status=204)

    def get(self, order_id: str, **fields: Any) -> None:
        self.add("get", order_id=order_id, **{"status": 200, "reply": self.document(order_id), **fields})

    def walk(self, **filters: str) -> None:
        rows = [
            [item["order_id"], item["created_at"], item["status"], item["version"]]
            for item in sorted(self.items.values(), key=lambda item: item["created_at"], reverse=True)
            if filters.get("status", item["status"]) == item["status"]
        ]
        self.add("walk", sent=filters, status=200, reply={"complete": True, "rows": rows})

    def document(self, order_id: str) -> dict[str, Any]:
        """The order as a response shows it now."""
        item = self.items.get(order_id, {})
        return {**item, "history": list(item.get("history", []))}

    def _append(self, order_id: str, to: str, by: str) -> None:
        item = self.items[order_id]
        changed = at(self.seconds + 1)
        history = [*item["history"], {"status": to, "at": changed, "by": by}]
        item.update(status=to, status_key=f"{to}#0", updated_at=changed, version=len(history), history=history)


def quiet_run() -> Story:
    """A run with every kind of request: A is completed, B cancelled in bulk, C expired, D deleted."""
    story = Story()
    story.place("A", key="first")  # entry 1
    story.place("B", client=OTHER, customer_email="b@example.com")
    story.place("C")
    story.place("D")
    story.move("A", "PROCESSING")  # entry 5
    story.move_in_bulk("B", "CANCELLED", "cancel")
    story.expire("C")
    story.delete("D")
    story.get("A")
    story.get("D", status=404, code="order_not_found", reply={"code": "order_not_found"})  # entry 10
    story.walk()
    story.walk(status="PROCESSING")
    story.move("A", "COMPLETED")
    return story

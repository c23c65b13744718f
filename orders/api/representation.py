"""Orders as JSON documents.

These are plain dictionaries, because a REST framework serializer took 40 % of the time of a GET.
`orders.api.schema.OrderSchema` describes the same fields, and the tests validate every response against it.
"""

from datetime import datetime
from typing import Any

from django.conf import settings

from orders import lifecycle
from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import Order
from orders.reading import UnreadableOrder


def order_document(order: Order) -> dict[str, Any]:
    # PynamoDB's access by attribute takes a tenth of the CPU time of a list.
    values = order.attribute_values
    return {
        "order_id": values["order_id"],
        "item": values["item"],
        "quantity": values["quantity"],
        "status": values["status"],
        "customer_name": values["customer_name"],
        "customer_email": values["customer_email"],
        "created_at": write_instant(values["created_at"]),
        "updated_at": write_instant(values["updated_at"]),
        "expired_at": _instant(values.get("expired_at")),
        "version": values["version"],
        "expires_at": _instant(order.expires_at),
        "allowed_transitions": order.allowed_transitions,
        "history": [
            {"status": entry.status, "at": write_instant(entry.at), "by": entry.by} for entry in values["history"]
        ],
    }


def unreadable_document(order: UnreadableOrder) -> dict[str, Any]:
    return {"order_id": order.order_id, "reasons": order.reasons}


def _instant(instant: datetime | None) -> str | None:
    return write_instant(instant) if instant else None


def lifecycle_document() -> dict[str, Any]:
    return {
        "statuses": list(Status),
        "initial": lifecycle.INITIAL,
        "terminal": [status for status in Status if lifecycle.is_terminal(status)],
        # orjson accepts only plain strings as keys.
        "transitions": {status.value: list(targets) for status, targets in lifecycle.TRANSITIONS.items()},
        "expiry": {"from": Status.PENDING, "to": Status.EXPIRED, "after_hours": settings.ORDERS_EXPIRY_HOURS},
    }

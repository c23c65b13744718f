"""The errors of operations on orders, each with a stable `code`. Independent of HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from orders.lifecycle import Status
    from orders.models import Order
    from orders.reading import UnreadableOrder


class OrderError(Exception):
    """The base of all errors for callers; `str(error)` is a message for the caller."""

    code: ClassVar[str]


class OrderNotFoundError(OrderError):
    """There is no order with this id."""

    code = "order_not_found"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no order {order_id}.")
        self.order_id = order_id


class UnreadableOrderError(OrderError):
    """The item with this id is not a valid order. It can only be deleted."""

    code = "unreadable_order"

    def __init__(self, order: UnreadableOrder) -> None:
        super().__init__(f"Order {order.order_id} cannot be read: {' '.join(order.reasons)}")
        self.order = order


class IllegalTransitionError(OrderError):
    """The lifecycle does not allow the change from the order's status to the requested one."""

    code = "illegal_transition"

    def __init__(self, order: Order, to: Status) -> None:
        allowed = " or ".join(order.allowed_transitions)
        advice = f"Allowed: {allowed}." if allowed else "This status is final."
        super().__init__(f"Order {order.order_id} is {order.status} and cannot become {to}. {advice}")
        self.order = order
        self.to = to


class VersionMismatchError(OrderError):
    """The order has changed since the caller read it."""

    code = "version_mismatch"

    def __init__(self, order: Order) -> None:
        super().__init__(
            f"Order {order.order_id} is now at version {order.version}. Read it again before you change it."
        )
        self.order = order


class IdempotencyKeyReusedError(OrderError):
    """A different order was already placed with this key."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key has already been used for a different order. Use a new key for a new order, "
            "or repeat the first request to get its order."
        )


class InvalidCursorError(OrderError):
    """The cursor was altered or belongs to other filters."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        super().__init__(
            "This cursor is not valid for these filters. Follow `next` and `previous` unchanged, "
            "or start again without a cursor."
        )


class StoreUnavailableError(OrderError):
    """DynamoDB is unavailable or did not respond in time. A retry may help."""

    code = "store_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("Orders are temporarily unavailable. Try again in a moment.")
        self.reason = reason


class StoreMisconfiguredError(Exception):
    """DynamoDB cannot be called with the configuration of this process; a retry cannot help.

    `str(error)` is a message for the operator. Not an OrderError, so a client gets a 500 without details.
    """

"""The sweep: PENDING orders that are too old become EXPIRED, oldest first, each by a conditional write of its own.

The cost grows with the orders that are due, never with the table. Two sweeps at once do no harm: of two that reach for
the same order, DynamoDB lets one win.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders import lifecycle, listing, store
from orders.lifecycle import Status
from orders.models import Order
from orders.stopwatch import TimeIsUp, never

BY = "system:expire_orders"

logger = logging.getLogger(__name__)


@dataclass
class Sweep:
    """What one run saw and did."""

    cutoff: datetime
    dry_run: bool
    examined: int = 0
    expired: int = 0
    moved_on: int = 0
    """Orders that somebody else moved or deleted meanwhile; left alone."""
    failed: int = 0
    stopped_early: bool = False
    remaining: int = 0
    """Orders that are still due, `listing.COUNT_CAP` standing for that many or more."""


def sweep(  # noqa: PLR0913 (an operator's choices, by keyword)
    *,
    at: datetime,
    age: timedelta,
    limit: int | None = None,
    dry_run: bool = False,
    time_is_up: TimeIsUp = never,
    watch: Callable[[Sweep], object] = lambda _: None,
) -> Sweep:
    """Expire the orders that were PENDING for longer than `age` at the instant `at`, and say what happened.

    Stops before the next order once `limit` have been examined or `time_is_up()`. A dry run writes nothing. `watch` is
    called after each order. An order whose write fails is counted, logged and left for the next run.
    Raises StoreUnavailableError when the due orders cannot be read.
    """
    result = Sweep(cutoff=lifecycle.cutoff(at=at, age=age), dry_run=dry_run)
    for order in _within(listing.due(before=result.cutoff), result, limit, time_is_up):
        result.examined += 1
        if not dry_run:
            _expire(order, at, result)
        watch(result)
    result.remaining = _remaining(result)
    return result


def _within(orders: Iterator[Order], result: Sweep, limit: int | None, time_is_up: TimeIsUp) -> Iterator[Order]:
    for order in orders:
        if result.examined == limit or time_is_up():
            result.stopped_early = True
            return
        yield order


def _expire(order: Order, at: datetime, result: Sweep) -> None:
    try:
        expired = store.expire(order.order_id, at=at, by=BY)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with one order, the others are still due)
        # One line each: in an outage there may be thousands.
        logger.error("Order %s could not be expired: %r", order.order_id, error)  # noqa: TRY400
        result.failed += 1
    else:
        result.expired += expired is not None
        result.moved_on += expired is None


def _remaining(result: Sweep) -> int:
    """Counted anew only where the run did not go through: an index may not yet show what was just written."""
    if result.stopped_early:
        return listing.count(Status.PENDING, before=result.cutoff)
    return result.examined if result.dry_run else result.failed

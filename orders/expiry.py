"""The sweep: expires PENDING orders that are too old, oldest first, each with its own conditional write.

The cost depends on the number of due orders, not on the size of the table. Sweeps may run concurrently: the condition
of the write lets only one of them expire an order.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders import counts, lifecycle, listing, store
from orders.errors import UnreadableOrderError
from orders.lifecycle import Status
from orders.reading import StoredOrder, UnreadableOrder
from orders.stopwatch import TimeIsUp, never

BY = "system:expire_orders"

logger = logging.getLogger(__name__)


@dataclass
class Sweep:
    """The result of one run."""

    cutoff: datetime
    dry_run: bool
    examined: int = 0
    expired: int = 0
    moved_on: int = 0
    """Orders that another caller changed or deleted during the run. The sweep leaves them alone."""
    repaired: int = 0
    """Orders whose index key was updated because another program had set the status. In a dry run, those found."""
    unreadable: int = 0
    """Orders that cannot be read. They are not changed, do not fail the run and do not count as remaining."""
    failed: int = 0
    stopped_early: bool = False
    remaining: int = 0
    """Orders that are still due; `counts.COUNT_CAP` means that many or more."""

    @property
    def due(self) -> int:
        """How many of the examined orders had to expire: they expired, failed or, in a dry run, would expire."""
        return self.examined - self.moved_on - self.repaired - self.unreadable


def sweep(  # noqa: PLR0913 (an operator's choices, by keyword)
    *,
    at: datetime,
    age: timedelta,
    limit: int | None = None,
    dry_run: bool = False,
    time_is_up: TimeIsUp = never,
    watch: Callable[[Sweep], object] = lambda _: None,
) -> Sweep:
    """Expire the orders that have been PENDING for longer than `age` at the instant `at`.

    Stops before the next order when `limit` orders have expired or failed, or when `time_is_up()`. Orders that moved
    on, were repaired or cannot be read do not count towards the limit, because they may be the oldest in every run. A
    dry run writes nothing. `watch` is called after each order. An order that could not be written is logged, counted as
    failed and tried again by the next run.
    Raises StoreUnavailableError when the due orders cannot be read.
    """
    result = Sweep(cutoff=lifecycle.cutoff(at=at, age=age), dry_run=dry_run)
    for order in _within(listing.due(before=result.cutoff), result, limit, time_is_up):
        result.examined += 1
        _handle(order, at, result)
        watch(result)
    result.remaining = _remaining(result)
    return result


def _within(
    orders: Iterator[StoredOrder], result: Sweep, limit: int | None, time_is_up: TimeIsUp
) -> Iterator[StoredOrder]:
    for order in orders:
        if result.due == limit or time_is_up():
            result.stopped_early = True
            return
        yield order


def _handle(order: StoredOrder, at: datetime, result: Sweep) -> None:
    try:
        if isinstance(order, UnreadableOrder):
            result.unreadable += 1
        elif order.status is not Status.PENDING:
            done = result.dry_run or store.repair(order, at=at) is not None
            result.repaired += done
            result.moved_on += not done
        elif not result.dry_run:
            done = store.expire(order.order_id, at=at, by=BY) is not None
            result.expired += done
            result.moved_on += not done
    except UnreadableOrderError:
        result.unreadable += 1
    except Exception as error:  # noqa: BLE001 (an error in one order must not stop the others from expiring)
        # Without a traceback: in an outage, thousands of orders may fail.
        logger.error("Order %s could not be expired: %r", order.order_id, error)  # noqa: TRY400
        result.failed += 1


def _remaining(result: Sweep) -> int:
    """Counts the remaining orders only after an early stop, because the index may not have the latest writes yet."""
    if result.stopped_early:
        # Unreadable orders, which never expire, are in the index too. Without the subtraction this never reaches 0.
        cap = counts.COUNT_CAP + result.unreadable
        return max(0, counts.count(Status.PENDING, before=result.cutoff, cap=cap) - result.unreadable)
    return result.due if result.dry_run else result.failed

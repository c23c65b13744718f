"""The sweep: expires PENDING orders that are too old, oldest first, each with its own conditional write.

The cost depends on the number of due orders, not on the size of the table. Sweeps may run concurrently: the condition
of the write lets only one of them expire an order.

1. Fewer due orders than fit into one call expire one at a time.
2. More are taken in rounds of several calls at the same time, each with many orders (`orders.batches`). Orders that
   have changed since they were placed get a call of their own in the same round.
3. If DynamoDB refuses such calls, for example because the permission is missing, each order gets its own call.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import chain, islice

from orders import batches, counts, dynamodb, lifecycle, listing, store
from orders.batches import BATCH
from orders.concurrency import MAX_THREADS, map_concurrently
from orders.dynamodb import UnsupportedOperationError
from orders.errors import StoreUnavailableError, UnreadableOrderError
from orders.lifecycle import Status
from orders.pace import Pace
from orders.reading import Item, UnreadableOrder
from orders.stopwatch import TimeIsUp, never

BY = "system:expire_orders"

CALLS = 8
"""How many calls with BATCH orders are made at the same time."""
PER_SECOND = 500
"""How many orders of a shard expire per second, at most. A partition key of an index takes 1,000 WCU per second. To
expire an order of up to 1 KB takes 4 WCU: 1 for the table, 1 for its key in by_created, and in by_status 1 for
PENDING#<shard> and 1 for EXPIRED#<shard>. So no key gets more than half of what it takes, and the rest is for requests.
"""
MAX_SILENT = 2
"""How many calls in a row may fail because DynamoDB is unavailable. Each was attempted several times, for seconds."""

logger = logging.getLogger(__name__)


class Outcome(Enum):
    """What happened to an order."""

    EXPIRED = auto()
    MOVED_ON = auto()
    REPAIRED = auto()
    UNREADABLE = auto()
    FAILED = auto()
    DUE = auto()
    """In a dry run: it would expire."""


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
    unavailable: bool = False
    """Whether the run stopped because MAX_SILENT calls in a row failed."""
    remaining: int | None = None
    """Orders that are still due; `counts.COUNT_CAP` means that many or more. None if unknown: the run stopped early and
    DynamoDB did not respond to its last call."""

    def add(self, outcomes: Mapping[Outcome, int]) -> None:
        """Count orders with these outcomes."""
        self.examined += sum(outcomes.values())
        self.expired += outcomes.get(Outcome.EXPIRED, 0)
        self.moved_on += outcomes.get(Outcome.MOVED_ON, 0)
        self.repaired += outcomes.get(Outcome.REPAIRED, 0)
        self.unreadable += outcomes.get(Outcome.UNREADABLE, 0)
        self.failed += outcomes.get(Outcome.FAILED, 0)

    @property
    def due(self) -> int:
        """How many of the examined orders had to expire: they expired, failed or, in a dry run, would expire."""
        return self.examined - self.moved_on - self.repaired - self.unreadable


Result = Outcome | Exception
Call = tuple[Item, ...]
"""The orders of one call: several as they were placed, or one of any kind."""


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

    Stops before the next order, or the next round of CALLS * BATCH orders, when `limit` orders have expired or failed,
    or when `time_is_up()`. Orders that moved on, were repaired or cannot be read do not count towards the limit,
    because they may be the oldest in every run. A dry run writes nothing. `watch` is called after each order or round.
    An order that could not be written is logged, counted as failed and tried again by the next run.
    Stops, and reports it, when MAX_SILENT calls in a row failed because DynamoDB is unavailable.
    Raises StoreUnavailableError when the due orders cannot be read.
    """
    result = Sweep(cutoff=lifecycle.cutoff(at=at, age=age), dry_run=dry_run)
    run = _Run(result, at, limit)
    for items in run.rounds(time_is_up):
        run.handle(items)
        watch(result)
    if not (result.stopped_early and run.silent):
        result.remaining = _remaining(result)
    return result


class _Run:
    """One run: the due orders that it has not handled yet, and how it handles them."""

    def __init__(self, result: Sweep, at: datetime, limit: int | None) -> None:
        self.result, self.at, self.limit = result, at, limit
        self.silent = 0
        """How many of the last calls failed in a row because DynamoDB is unavailable."""
        due = listing.due(before=result.cutoff)
        first = list(islice(due, BATCH))
        self._due = chain(first, due)
        self._in_batches = len(first) == BATCH and not result.dry_run
        self._round = CALLS * BATCH if self._in_batches else 1
        self._pace = Pace(PER_SECOND)

    def rounds(self, time_is_up: TimeIsUp) -> Iterator[list[Item]]:
        """The orders to handle at the same time, until the run has to stop."""
        while not self._stops_for_outage() and (first := next(self._due, None)):
            if self.result.due == self.limit or time_is_up():
                self.result.stopped_early = True
                return
            size = self._round if self.limit is None else min(self._round, self.limit - self.result.due)
            yield [first, *islice(self._due, size - 1)]

    def _stops_for_outage(self) -> bool:
        if self.silent < MAX_SILENT:
            return False
        self.result.stopped_early = self.result.unavailable = True
        return True

    def handle(self, items: list[Item]) -> None:
        """Handle these orders in several calls at the same time, and count the outcomes."""
        if not self.result.dry_run:
            partitions = Counter(item["status_key"]["S"] for item in items)
            now = time.monotonic()
            time.sleep(max(self._pace.delay(key, number, at=now) for key, number in partitions.items()))
        calls = self._calls(items)
        refused: list[Item] = []
        for call, results in zip(calls, map_concurrently(self._make, calls), strict=True):
            if results is None:
                refused += call
            else:
                self._count(call, results)
        if refused:
            self._in_batches, self._round = False, MAX_THREADS
            self._due = chain(refused, self._due)

    def _calls(self, items: list[Item]) -> list[Call]:
        if not self._in_batches:
            return [(item,) for item in items]
        placed: list[Item] = []
        others: list[Item] = []
        for item in items:
            (placed if batches.is_as_placed(item, at=self.at) else others).append(item)
        full = [tuple(placed[start : start + BATCH]) for start in range(0, len(placed), BATCH)]
        return [*full, *((item,) for item in others)]

    def _make(self, call: Call) -> list[Result] | None:
        """The result of each order; None if DynamoDB refuses calls with several orders."""
        if len(call) == 1:
            return [self._handle_one(call[0])]
        try:
            return [_result(outcome) for outcome in batches.expire_many(call, at=self.at, by=BY)]
        except UnsupportedOperationError as error:
            logger.warning("Orders expire one by one, because DynamoDB refused BatchExecuteStatement: %s", error)
            return None
        except Exception as error:  # noqa: BLE001 (an error in one call must not stop the others from expiring)
            return [error] * len(call)

    def _handle_one(self, item: Item) -> Result:
        try:
            return self._expire_or_repair(item)
        except UnreadableOrderError:
            return Outcome.UNREADABLE
        except Exception as error:  # noqa: BLE001 (an error in one order must not stop the others from expiring)
            return error

    def _expire_or_repair(self, item: Item) -> Result:
        order = dynamodb.read(item)
        if isinstance(order, UnreadableOrder):
            return Outcome.UNREADABLE
        if order.status is not Status.PENDING:
            done = self.result.dry_run or store.repair(order, at=self.at) is not None
            return Outcome.REPAIRED if done else Outcome.MOVED_ON
        if self.result.dry_run:
            return Outcome.DUE
        return _result(store.expire(order.order_id, at=self.at, by=BY) is not None)

    def _count(self, call: Call, results: list[Result]) -> None:
        if all(isinstance(result, StoreUnavailableError) for result in results):
            self.silent += 1
        elif any(result is not Outcome.UNREADABLE for result in results):
            # An order that the index shows to be unreadable takes no call.
            self.silent = 0
        for item, result in zip(call, results, strict=True):
            if isinstance(result, Exception):
                # Without a traceback: in an outage, many orders may fail.
                logger.error("Order %s could not be expired: %r", item["order_id"]["S"], result)
        outcomes = Counter(Outcome.FAILED if isinstance(result, Exception) else result for result in results)
        self.result.add(outcomes)


def _result(outcome: batches.Outcome) -> Result:
    if isinstance(outcome, UnreadableOrderError):
        return Outcome.UNREADABLE
    if isinstance(outcome, Exception):
        return outcome
    return Outcome.EXPIRED if outcome else Outcome.MOVED_ON


def _remaining(result: Sweep) -> int:
    """Counts the remaining orders only after an early stop, because the index may not have the latest writes yet."""
    if result.stopped_early:
        # Unreadable orders, which never expire, are in the index too. Without the subtraction this never reaches 0.
        cap = counts.COUNT_CAP + result.unreadable
        return max(0, counts.count(Status.PENDING, before=result.cutoff, cap=cap) - result.unreadable)
    return result.due if result.dry_run else result.failed

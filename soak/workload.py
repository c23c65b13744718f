"""What the clients of a run share: the orders that they work on, and when to stop."""

import time
from collections import deque
from random import Random
from threading import Condition

from soak.plan import Plan

RECENT = 60
"""Clients choose among the latest orders, so that they compete for them."""


class Workload:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done = 0
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._deadline = time.monotonic() + plan.seconds if plan.seconds else None
        self._stopped = False
        self._changed = Condition()

    def take(self) -> bool:
        """Count one operation, after the pause of the plan; False if the run is over."""
        time.sleep(self.plan.pause)
        with self._changed:
            if self.is_over():
                return False
            self.done += 1
            self._changed.notify_all()
        return True

    def is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() > self._deadline
        return self._stopped or (late and self.done >= self.plan.at_least) or self.done >= self.plan.operations

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait_until(self, operations: int) -> None:
        """Wait until so many operations were started, or the run is over."""
        with self._changed:
            while self.done < operations and not self.is_over():
                self._changed.wait(1)

    def wait_for_an_order(self) -> None:
        """Wait until there is an order to work on, or the run is over."""
        with self._changed:
            while not self._recent and not self.is_over():
                self._changed.wait(1)

    def add(self, order_id: str) -> None:
        with self._changed:
            self._recent.append(order_id)
            self._changed.notify_all()

    def choose(self, random: Random, count: int = 1) -> list[str]:
        """Some of the latest orders, at most `count`."""
        with self._changed:
            recent = list(self._recent)
        return random.sample(recent, min(count, len(recent)))

"""Kills the engine, workers of gunicorn and sweeps (kill -9), and starts them again."""

from collections.abc import Callable
from random import Random

from soak.journal import Journal
from soak.site import Site
from soak.sweeper import Sweeper
from soak.workload import Workload


class Killer:
    def __init__(self, site: Site, sweeper: Sweeper, journal: Journal, workload: Workload, random: Random) -> None:
        self.site, self.sweeper, self.journal = site, sweeper, journal
        self.workload, self.random = workload, random

    def run(self) -> None:
        """Each process is killed once before any is killed again, in a random order."""
        at = 0
        while not self.workload.is_over():
            for process in self.random.sample(sorted(self._kills()), len(self._kills())):
                at += round(self.workload.plan.kill_every * self.random.uniform(0.5, 1.5))
                self.workload.wait_until(at)
                if self.workload.is_over():
                    return
                self.journal.killed(process, self._kills()[process])

    def _kills(self) -> dict[str, Callable[[], object]]:
        return {
            "engine": self.site.engine.kill_and_restart,
            "sweep": lambda: self.sweeper.kill_one(after=self.random.uniform(1, 5)),
            "worker": lambda: self.site.gunicorn.kill_a_worker(self.random.randrange(100)),
        }

"""Runs `manage.py expire_orders` again and again, as cron does."""

import json
import subprocess
import sys
from threading import Condition
from typing import Any

from local import child
from soak.journal import Journal, now
from soak.plan import SWEEP_AGE_HOURS
from soak.processes import kill
from soak.site import Site
from soak.workload import Workload

MAX_SECONDS = 20
OPERATIONS_BETWEEN = 25


class Sweeper:
    def __init__(self, site: Site, journal: Journal, workload: Workload) -> None:
        self.site, self.journal, self.workload = site, journal, workload
        self._running: subprocess.Popen[bytes] | None = None
        self._changed = Condition()

    def run(self) -> None:
        while self.workload.take():
            self.sweep()
            self.workload.wait_until(self.workload.done + OPERATIONS_BETWEEN)

    def sweep(self) -> None:
        options = ["--older-than", str(SWEEP_AGE_HOURS), "--max-seconds", str(MAX_SECONDS), "--json"]
        command = [sys.executable, "manage.py", "expire_orders", *options]
        folder, log = self.site.folder / "site", self.site.folder / "sweep.log"
        started = now()
        with (
            log.open("w+b") as output,
            child.running(command, cwd=folder, env=self.site.environment, output=output) as process,
        ):
            self._set_running(process)
            code = process.wait()
            self._set_running(None)
            output.seek(0)
            text = output.read().decode()
        self.journal.add(
            client="system:expire_orders",
            operation="sweep",
            started=started,
            ended=now(),
            status=code,
            sent={"age_hours": SWEEP_AGE_HOURS},
            reply={"summary": _summary(text), "output": text},
        )

    def kill_one(self, after: float) -> bool:
        """Kill a sweep so many seconds after its start, or sooner if sweeps take less. False if the run is over."""
        while process := self._wait_for_a_sweep():
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                kill(process)
                return True
            after /= 2
        return False

    def _wait_for_a_sweep(self) -> subprocess.Popen[bytes] | None:
        """The sweep that is running or starts next; None if the run is over."""
        with self._changed:
            while self._running is None and not self.workload.is_over():
                self._changed.wait(1)
            return self._running

    def _set_running(self, process: subprocess.Popen[bytes] | None) -> None:
        with self._changed:
            self._running = process
            self._changed.notify_all()


def _summary(output: str) -> dict[str, Any] | None:
    """The summary of a sweep that ended by itself."""
    lines = [line for line in output.splitlines() if line.startswith('{"cutoff"')]
    return json.loads(lines[-1]) if lines else None

"""The processes of the site that can be killed and started again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from local import child
from local.engine import Engine, durable
from local.errors import LocalError

START_TIMEOUT = 120.0
HAS_PROC = Path("/proc/self/fd").exists()
"""Linux has it, macOS does not."""
POLL_INTERVAL = 0.1


def wait_until(condition: Callable[[], bool], *, what: str) -> None:
    """Raises LocalError if the condition is not true within START_TIMEOUT."""
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise LocalError(f"{what} took more than {START_TIMEOUT:.0f} s.")
        time.sleep(POLL_INTERVAL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 the command that `local.child` runs, with its descendants."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
    pairs = (map(int, line.split()) for line in listing.stdout.splitlines())
    return [child_pid for child_pid, parent in pairs if parent == pid]


def count_descriptors(pid: int) -> int:
    """The open descriptors of the process. Needs /proc."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class Part:
    """A context that can be left and entered again, such as a process that is killed and started again."""

    def __init__(self, start: Callable[[], AbstractContextManager[Any]]) -> None:
        self._start = start
        self._stack = ExitStack()
        self.running: Any = None

    def start(self) -> None:
        self.running = self._stack.enter_context(self._start())

    def stop(self) -> None:
        self._stack.close()


class EngineProcess(Part):
    """DynamoDB Local with its data on disk."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(lambda: durable(folder, port=port))
        self.port = port

    def start(self) -> None:
        super().start()
        engine: Engine = self.running
        if engine.endpoint != f"http://127.0.0.1:{self.port}":
            raise LocalError(f"Another program has taken port {self.port} of the engine.")

    def kill_and_restart(self) -> None:
        kill(self.running.process)
        self.stop()
        wait_until(lambda: _is_free(self.port), what="The end of the engine")
        self.start()


class GunicornProcess(Part):
    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(lambda: _logged(command, folder, environment, log))

    def workers(self) -> list[int]:
        masters = children(self.running.pid)
        return [worker for master in masters for worker in children(master)]

    def kill_a_worker(self, number: int) -> None:
        """Kill a worker, and wait until gunicorn has replaced it."""
        before = sorted(self.workers())
        victim = before[number % len(before)]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: self._is_replaced(victim, len(before)), what="A new worker")

    def _is_replaced(self, victim: int, count: int) -> bool:
        workers = self.workers()
        return victim not in workers and len(workers) >= count


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: ignore connections that ended
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


@contextmanager
def _logged(
    command: list[str], folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output, child.running(command, cwd=folder, env=environment, output=output) as process:
        yield process

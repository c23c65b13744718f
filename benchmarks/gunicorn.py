"""CPU time of a gunicorn worker per request: this app and a bare WSGI application, with the same settings.

Reads the CPU time of the worker from /proc, so it needs Linux.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cpu import Ratio, ratio_of
from benchmarks.endpoints import NEW_ORDER
from benchmarks.environment import HOST
from benchmarks.requests import FIRST_ERROR, Request
from local import PROJECT

BLOCK, ROUNDS, WARM_UP = 25, 16, 2
START_SECONDS = 60.0
APPS = {"ours": "ordersite.wsgi", "bare": "benchmarks.bare_wsgi"}
PROC = Path("/proc")


@dataclass(frozen=True)
class Workers:
    """CPU milliseconds per request are medians."""

    get: Ratio
    post: Ratio
    milliseconds: dict[str, dict[str, float]]
    """By method and app."""


class Server:
    """gunicorn with one worker."""

    def __init__(self, app: str, key: str, port: int) -> None:
        self._key = key
        variables = {"BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1", "LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "gunicorn", "--access-logfile", os.devnull, "--log-level", "error", APPS[app]]
        self._process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | variables)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._worker = self._wait_for_worker()

    def _wait_for_worker(self) -> int:
        """The process id of the worker. Raises RuntimeError if there is none in time."""
        children = PROC / str(self._process.pid) / "task" / str(self._process.pid) / "children"
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if pids := children.read_text().split():
                try:
                    self._connection.connect()
                except OSError:
                    pass
                else:
                    return int(pids[0])
            time.sleep(0.1)
        raise RuntimeError("gunicorn did not start; see its error above")

    def send(self, request: Request) -> bytes:
        """The body of the response. Raises RuntimeError for an error response."""
        headers = {"Host": HOST, "Authorization": f"Api-Key {self._key}", "Content-Type": "application/json"}
        self._connection.request(request.method, request.path, request.payload or None, headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status >= FIRST_ERROR:
            raise RuntimeError(f"{request.method} {request.path} returned {response.status}: {body!r}")
        return body

    def cpu_seconds(self) -> float:
        """The CPU time of all threads of the worker so far."""
        # The first number is the CPU time in nanoseconds: https://docs.kernel.org/scheduler/sched-stats.html
        tasks = (PROC / str(self._worker) / "task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def spent(self, request: Request) -> float:
        """The CPU seconds of a request, the mean of BLOCK."""
        before = self.cpu_seconds()
        for _ in range(BLOCK):
            self.send(request)
        return (self.cpu_seconds() - before) / BLOCK

    def stop(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _servers(key: str) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        servers = {}
        for app in APPS:
            servers[app] = Server(app, key, _free_port())
            stack.callback(servers[app].stop)
        yield servers


def is_supported() -> bool:
    return (PROC / "self" / "schedstat").exists()


def measure(key: str, order_ids: dict[str, str], *, report: Callable[[str], object]) -> Workers:
    """`order_ids` names an order in the table of each app. The orders that are created stay."""
    report("gunicorn workers")
    spent: dict[str, dict[str, list[float]]] = {method: {app: [] for app in APPS} for method in ("GET", "POST")}
    with _servers(key) as servers:
        for number in range(WARM_UP + ROUNDS):
            for app in list(APPS)[:: 1 if number % 2 else -1]:
                requests = (Request("GET", order_ids[app]), Request("POST", body=NEW_ORDER))
                for request in requests:
                    seconds = servers[app].spent(request)
                    if number >= WARM_UP:
                        spent[request.method][app].append(seconds)
    ratios = {method: ratio_of(list(zip(of["ours"], of["bare"], strict=True))) for method, of in spent.items()}
    milliseconds = {
        method: {app: sorted(values)[len(values) // 2] * 1000 for app, values in of.items()}
        for method, of in spent.items()
    }
    return Workers(ratios["GET"], ratios["POST"], milliseconds)

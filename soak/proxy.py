"""A proxy with the faults that microburst does not have. It forwards each call and may change the engine's reply."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Collection
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock
from typing import Any

from local.serving import serving

HTML = b"<!DOCTYPE html><title>Maintenance</title><h1>We will be back soon.</h1>"

SHARES = {"html": 0.005, "trickle": 0.003, "stall": 0.003}
UNPROCESSED = 0.2
"""Share of the BatchGetItems whose last item is not returned."""

TRICKLE_PAUSE = 1.5
"""Seconds between two bytes: less than the read timeout of the app's client, which therefore never expires."""
TRICKLE_BYTES = 40
STALL = 5.0
"""Seconds without a reply, after the call has taken effect."""


class Faults:
    """Draws the fault of each call. The same seed draws the same faults in the same order of calls."""

    def __init__(self, seed: int, *, omitted: Collection[str] = ()) -> None:
        self._random = Random(seed)  # noqa: S311 (not for security)
        self._shares = {name: share for name, share in SHARES.items() if name not in omitted}
        self._lock = Lock()
        self.counts: Counter[str] = Counter()
        self.active = True

    def draw(self, operation: str) -> str | None:
        with self._lock:
            number = self._random.random()
            fault = self._fault(operation, number) if self.active else None
            self.counts.update([fault] if fault else [])
        return fault

    def _fault(self, operation: str, number: float) -> str | None:
        for name, share in self._shares.items():
            if number < share:
                return name
            number -= share
        return "unprocessed" if operation == "BatchGetItem" and number < UNPROCESSED else None


class Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, engine_port: int, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine_port = engine_port
        self.faults = faults

    def forward(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The engine's reply. Raises OSError or HTTPException if it does not respond."""
        connection = http.client.HTTPConnection("127.0.0.1", self.engine_port, timeout=30)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Does not report a client that disconnects."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per reply
    server: Proxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        fault = self.server.faults.draw(operation)
        try:
            status, headers, content = self.server.forward(dict(self.headers), body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # as the engine did
            return
        if status != HTTPStatus.OK:
            fault = None
        getattr(self, f"_send_{fault or 'unchanged'}")(headers, content, status=status)

    def _send_unchanged(self, headers: dict[str, str], content: bytes, *, status: int = HTTPStatus.OK) -> None:
        self._send_headers(headers, content, status=status)
        self.wfile.write(content)

    def _send_html(self, headers: dict[str, str], content: bytes, *, status: int) -> None:
        self._send_unchanged({"Content-Type": "text/html"}, HTML)

    def _send_trickle(self, headers: dict[str, str], content: bytes, *, status: int) -> None:
        self._send_headers(headers, content)
        for number in range(min(TRICKLE_BYTES, len(content))):
            self.wfile.write(content[number : number + 1])
            self.wfile.flush()
            time.sleep(TRICKLE_PAUSE)
        self.close_connection = True

    def _send_stall(self, headers: dict[str, str], content: bytes, *, status: int) -> None:
        time.sleep(STALL)
        self.close_connection = True

    def _send_unprocessed(self, headers: dict[str, str], content: bytes, *, status: int) -> None:
        """Move the last item of a BatchGetItem to the unprocessed keys."""
        document = json.loads(content)
        for table, items in document["Responses"].items():
            keys = [{"order_id": item["order_id"]} for item in items[-1:] if "order_id" in item]
            document["Responses"][table] = items[: len(items) - len(keys)]
            if keys:
                document["UnprocessedKeys"] = {table: {"Keys": keys}}
        # The checksum of the engine's body does not match.
        headers = {name: value for name, value in headers.items() if name.lower() != "x-amz-crc32"}
        self._send_unchanged(headers, json.dumps(document).encode())

    def _send_headers(self, headers: dict[str, str], content: bytes, *, status: int = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Does not log requests."""


def proxy(engine_port: int, faults: Faults) -> AbstractContextManager[Proxy]:
    return serving(Proxy(engine_port, faults))

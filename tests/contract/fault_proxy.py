"""A proxy to the engine that drops replies, changes them, or replaces them with AWS errors."""

import http.client
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.serving import serving

Reply = tuple[int, dict[str, str], bytes]


class FaultProxy(ThreadingHTTPServer):
    """Forwards each request to the engine and returns the reply, changed by the next of `changes` for its operation.

    A change takes the engine's reply and returns another one, or None: then the reply is lost.
    """

    daemon_threads = True

    def __init__(self, engine: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = urlsplit(engine).netloc
        self.changes: dict[str, list[Callable[[Reply], Reply | None]]] = {}
        self.operations: list[str] = []
        """The requested operations, including retries."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def change(self, operation: str, *changes: Callable[[Reply], Reply | None]) -> None:
        self.changes.setdefault(operation, []).extend(changes)

    def carry(self, operation: str, headers: dict[str, str], body: bytes) -> Reply | None:
        self.operations.append(operation)
        connection = http.client.HTTPConnection(self.engine)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            # The checksum is of the reply as the engine wrote it.
            dropped = ("x-amz-crc32", "content-length", "transfer-encoding", "connection")
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
            reply = answer.status, kept, answer.read()
        finally:
            connection.close()
        waiting = self.changes.get(operation)
        return waiting.pop(0)(reply) if waiting else reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        reply = self.server.carry(operation, dict(self.headers), body)
        if reply is None:
            self.close_connection = True
            return
        status, headers, content = reply
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """The tests say what matters."""


def opened(engine: str) -> AbstractContextManager[FaultProxy]:
    return serving(FaultProxy(engine))


def lost(_: Reply) -> None:
    """The engine did its work and nobody hears of it."""


def refused(status: int, code: str) -> Callable[[Reply], Reply]:
    """The engine's own error instead."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "as asked for by a test"}
    return lambda _: (status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode())


def reading(old: bytes, new: bytes) -> Callable[[Reply], Reply]:
    """The engine's reply with other words in it."""

    def change(reply: Reply) -> Reply:
        status, headers, content = reply
        assert old in content
        return status, headers, content.replace(old, new)

    return change


def unprocessed(*order_ids: str) -> Callable[[Reply], Reply]:
    """The engine's reply to a BatchGetItem without these orders, whose keys it says it has not processed."""

    def change(reply: Reply) -> Reply:
        status, headers, content = reply
        document = json.loads(content)
        [(table, items)] = document["Responses"].items()
        document["Responses"][table] = [item for item in items if item["order_id"]["S"] not in order_ids]
        document["UnprocessedKeys"] = {table: {"Keys": [{"order_id": {"S": order_id}} for order_id in order_ids]}}
        return status, headers, json.dumps(document).encode()

    return change

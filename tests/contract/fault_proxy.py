"""A proxy to the engine that drops its responses, changes them or replaces them with AWS errors."""

import http.client
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.serving import serving

Reply = tuple[int, dict[str, str], bytes]
Interceptor = Callable[[dict[str, str], bytes], Reply | None]


class FaultProxy(ThreadingHTTPServer):
    """Forwards each request to the engine and returns the response, after the next of `changes` for its operation.

    A change takes the engine's response and returns another one, or None to drop it.
    """

    daemon_threads = True

    def __init__(self, engine: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = urlsplit(engine).netloc
        self.changes: dict[str, list[Callable[[Reply], Reply | None]]] = {}
        self.interceptors: dict[str, list[Interceptor]] = {}
        self.operations: list[str] = []
        """The requested operations, including retries."""
        self.requests: list[dict[str, str]] = []
        """The headers of each request."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def change(self, operation: str, *changes: Callable[[Reply], Reply | None]) -> None:
        self.changes.setdefault(operation, []).extend(changes)

    def refuse(self, operation: str, *refusals: Callable[[], Reply]) -> None:
        """Return these responses to the next requests. The engine does not get the requests."""
        self.intercept(operation, *(lambda *_, refusal=refusal: refusal() for refusal in refusals))

    def intercept(self, operation: str, *interceptors: Interceptor) -> None:
        """Give the next requests to these functions, which may call `ask_engine`, instead of the engine."""
        self.interceptors.setdefault(operation, []).extend(interceptors)

    def forward(self, operation: str, headers: dict[str, str], body: bytes) -> Reply | None:
        self.operations.append(operation)
        self.requests.append(headers)
        if self.interceptors.get(operation):
            return self.interceptors[operation].pop(0)(headers, body)
        reply = self.ask_engine(headers, body)
        changes = self.changes.get(operation)
        return changes.pop(0)(reply) if changes else reply

    def ask_engine(self, headers: dict[str, str], body: bytes) -> Reply:
        connection = http.client.HTTPConnection(self.engine)
        try:
            connection.request("POST", "/", body, {**headers, "Content-Length": str(len(body))})
            response = connection.getresponse()
            # The checksum does not match a changed body.
            dropped = ("x-amz-crc32", "content-length", "transfer-encoding", "connection")
            headers = {name: value for name, value in response.getheaders() if name.lower() not in dropped}
            return response.status, headers, response.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        reply = self.server.forward(operation, dict(self.headers), body)
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
        """Does not log requests."""


def fault_proxy(engine: str) -> AbstractContextManager[FaultProxy]:
    return serving(FaultProxy(engine))


def drop_response(_: Reply) -> None:
    """Drop the response after the engine has carried out the request."""


def aws_error(status: int, code: str) -> Callable[[Reply], Reply]:
    """Return an AWS error instead of the response."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "requested by a test"}
    return lambda _: (status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode())


def refusal(status: int, code: str) -> Callable[[], Reply]:
    """An AWS error for `FaultProxy.refuse`."""
    return partial(aws_error(status, code), (0, {}, b""))


def replacing(old: bytes, new: bytes) -> Callable[[Reply], Reply]:
    """Replace a part of the response."""

    def change(reply: Reply) -> Reply:
        status, headers, content = reply
        assert old in content
        return status, headers, content.replace(old, new)

    return change


def failing_statements(proxy: FaultProxy, *numbers: int, code: str) -> Interceptor:
    """Withhold these statements of a BatchExecuteStatement from the engine and return this error for each."""

    def intercept(headers: dict[str, str], body: bytes) -> Reply:
        request = json.loads(body)
        statements = request["Statements"]
        request["Statements"] = [part for number, part in enumerate(statements) if number not in numbers]
        status, headers, content = proxy.ask_engine(headers, json.dumps(request).encode())
        responses = iter(json.loads(content)["Responses"])
        error = {"Error": {"Code": code, "Message": "requested by a test"}}
        merged = [error if number in numbers else next(responses) for number in range(len(statements))]
        return status, headers, json.dumps({"Responses": merged}).encode()

    return intercept


def leave_unprocessed(*order_ids: str) -> Callable[[Reply], Reply]:
    """Remove these orders from the response to a BatchGetItem and report their keys as unprocessed."""

    def change(reply: Reply) -> Reply:
        status, headers, content = reply
        document = json.loads(content)
        [(table, items)] = document["Responses"].items()
        document["Responses"][table] = [item for item in items if item["order_id"]["S"] not in order_ids]
        if not document["Responses"][table]:
            # As DynamoDB responds when it has read nothing.
            document["Responses"] = {}
        document["UnprocessedKeys"] = {table: {"Keys": [{"order_id": {"S": order_id}} for order_id in order_ids]}}
        return status, headers, json.dumps(document).encode()

    return change

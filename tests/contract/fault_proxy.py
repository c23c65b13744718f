"""A proxy to the engine that drops its responses, changes them or replaces them with AWS errors."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from local.serving import serving

Reply = tuple[int, dict[str, str], bytes]
Interceptor = Callable[[dict[str, str], bytes], Reply | None]


class FaultProxy(ThreadingHTTPServer):
    """Forwards each request to the engine and returns the response, after the next of `changes` for its operation.

    A change takes the engine's response and returns another one, or None to drop it. A client may also use it as its
    HTTP proxy, with any host in its URL.
    """

    daemon_threads = True

    def __init__(self, engine: str, host: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        self.stopped = Event()
        self.engine = urlsplit(engine).netloc
        self.changes: dict[str, list[Callable[[Reply], Reply | None]]] = {}
        self.interceptors: dict[str, list[Interceptor]] = {}
        self.operations: list[str] = []
        """The requested operations, including retries."""
        self.requests: list[dict[str, str]] = []
        """The headers of each request."""
        self.bodies: list[bytes] = []
        self.targets: list[str] = []
        """The path of each request; the whole URL if the client uses this as its proxy."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def server_close(self) -> None:
        self.stopped.set()
        super().server_close()

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
        self.bodies.append(body)
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


class Raw(bytes):
    """A content that is sent, with its headers, in an unusual way."""

    def chunks(self, status: int, headers: dict[str, str], stopped: Event) -> Iterator[bytes]:
        raise NotImplementedError


class Trickle(Raw):
    """One byte every 0.2 seconds: the content, or the headers too."""

    headers = False

    def chunks(self, status: int, headers: dict[str, str], stopped: Event) -> Iterator[bytes]:
        head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(self)}\r\n\r\n".encode()
        if not self.headers:
            yield head
            head = b""
        for byte in head + self:
            if stopped.wait(0.2):
                return
            yield bytes([byte])


class TrickleAll(Trickle):
    headers = True


class Chunked(Raw):
    """In chunks and without a length, as a proxy in between may forward it."""

    def chunks(self, status: int, headers: dict[str, str], stopped: Event) -> Iterator[bytes]:
        yield f"HTTP/1.1 {status} OK\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        for start in range(0, len(self), 50):
            chunk = self[start : start + 50]
            yield f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n"
        yield b"0\r\n\r\n"


class UntilClosed(Raw):
    """Without a length: the end of the connection ends the reply."""

    def chunks(self, status: int, headers: dict[str, str], stopped: Event) -> Iterator[bytes]:
        yield f"HTTP/1.0 {status} OK\r\n\r\n".encode() + self


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise the content, which is sent after the headers, waits up to 40 ms for the client to acknowledge these.
    disable_nagle_algorithm = True
    server: FaultProxy

    def do_POST(self) -> None:
        self.server.targets.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        reply = self.server.forward(operation, dict(self.headers), body)
        if reply is None:
            self.close_connection = True
            return
        status, headers, content = reply
        if isinstance(content, Raw):
            self.close_connection = True
            with suppress(OSError):  # a client that does not wait
                for chunk in content.chunks(status, headers, self.server.stopped):
                    self.wfile.write(chunk)
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        if headers.get("Content-Length"):
            # The client waits for more than the proxy has.
            self.close_connection = True

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


def as_content(change: Callable[[bytes], bytes], status: int | None = None, **headers: str) -> Callable[[Reply], Reply]:
    """Change the content and the status. `headers` are added; an underscore in a name stands for a dash."""
    added = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: (status or reply[0], {**reply[1], **added}, change(reply[2]))


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

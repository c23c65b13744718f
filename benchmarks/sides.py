"""The two sides, asked in process and in the same words: ours through WSGI, the former one by API Gateway events."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

from accounts.models import Access, ApiKey
from benchmarks import baseline
from benchmarks.environment import HOST
from orders.dynamodb import connection
from ordersite.wsgi import application

FIRST_ERROR = 400


@dataclass(frozen=True)
class Request:
    method: str
    order_id: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        return f"/orders/{self.order_id}" if self.order_id else "/orders"

    @property
    def payload(self) -> str:
        return json.dumps(self.body) if self.body else ""


class Reply(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Side:
    """`prepare` turns a request into the call to be measured; `client` is the botocore client that it ends in."""

    client: Any
    prepare: Callable[[Request], Callable[[], Reply]]

    def ask(self, request: Request) -> Reply:
        """Raises RuntimeError for a refusal: what it costs to refuse must not pass for what it costs to serve."""
        return served(request, self.prepare(request)())


def served(request: Request, reply: Reply) -> Reply:
    if reply.status >= FIRST_ERROR:
        raise RuntimeError(f"{request.method} {request.path} was answered {reply.status}: {reply.body!r}")
    return reply


# --- Ours -------------------------------------------------------------------------------------------------------------


def ours() -> Side:
    """Ordersite's WSGI application, asked by a program with a read-write key."""
    _, key = ApiKey.objects.create_key(name="bench", access=Access.READ_WRITE)

    def prepare(request: Request) -> Callable[[], Reply]:
        environ = _environ(request, key)
        return lambda: _through_wsgi(environ)

    return Side(connection().connection.client, prepare)


def _environ(request: Request, key: str) -> dict[str, Any]:
    payload = request.payload.encode()
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": urlencode(request.query),
        "SERVER_NAME": HOST,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_TYPE": "application/json" if payload else "",
        "CONTENT_LENGTH": str(len(payload)) if payload else "",
        "HTTP_HOST": HOST,
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        "HTTP_AUTHORIZATION": f"Api-Key {key}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(payload),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _through_wsgi(environ: dict[str, Any]) -> Reply:
    """As a server does it: to the last byte of the body, and the response is closed."""
    status = ""

    def start_response(line: str, headers: object, exc_info: object = None, /) -> Callable[[bytes], object]:
        nonlocal status
        status = line
        return io.BytesIO().write

    response = application(environ, start_response)
    try:
        body = b"".join(response)
    finally:
        response.close()
    return Reply(int(status[:3]), body)


# --- The former handlers ----------------------------------------------------------------------------------------------


def former() -> Side:
    """`benchmarks.baseline`, fed the events that API Gateway would."""

    def prepare(request: Request) -> Callable[[], Reply]:
        event = _event(request)
        return lambda: _through_handler(event)

    return Side(baseline.table.meta.client, prepare)


def _event(request: Request) -> dict[str, Any]:
    return {
        "resource": "/orders/{order_id}" if request.order_id else "/orders",
        "path": request.path,
        "httpMethod": request.method,
        "headers": {"Host": HOST, "Accept": "*/*", "User-Agent": "bench", "Content-Type": "application/json"},
        "queryStringParameters": dict(request.query) or None,
        "pathParameters": {"order_id": request.order_id} if request.order_id else None,
        "requestContext": {"stage": "prod", "httpMethod": request.method},
        "body": request.payload or None,
        "isBase64Encoded": False,
    }


def _through_handler(event: dict[str, Any]) -> Reply:
    reply = baseline.orders_handler(event, None)
    return Reply(reply["statusCode"], reply["body"].encode())

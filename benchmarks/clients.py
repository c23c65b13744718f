"""Clients for both apps in this process: WSGI for this app, API Gateway events for the former handlers."""

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


class Response(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """`prepare` converts a request to the call to be measured; `dynamodb` is the botocore client that it uses."""

    dynamodb: Any
    prepare: Callable[[Request], Callable[[], Response]]

    def send(self, request: Request) -> Response:
        """Raises RuntimeError for an error response, which would cost less than a success."""
        return checked(request, self.prepare(request)())


def checked(request: Request, response: Response) -> Response:
    if response.status >= FIRST_ERROR:
        raise RuntimeError(f"{request.method} {request.path} returned {response.status}: {response.body!r}")
    return response


# --- This app ---------------------------------------------------------------------------------------------------------


def ours() -> Client:
    """Ordersite's WSGI application, with a read-write API key."""
    _, key = ApiKey.objects.create_key(name="bench", access=Access.READ_WRITE)

    def prepare(request: Request) -> Callable[[], Response]:
        environ = _environ(request, key)
        return lambda: _call_wsgi(environ)

    return Client(connection().connection.client, prepare)


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


def _call_wsgi(environ: dict[str, Any]) -> Response:
    """Read the whole body and close the response, as a server does."""
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
    return Response(int(status[:3]), body)


# --- The former handlers ----------------------------------------------------------------------------------------------


def former() -> Client:
    """`benchmarks.baseline`, called with the events of API Gateway."""

    def prepare(request: Request) -> Callable[[], Response]:
        event = _event(request)
        return lambda: _call_handler(event)

    return Client(baseline.table.meta.client, prepare)


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


def _call_handler(event: dict[str, Any]) -> Response:
    response = baseline.orders_handler(event, None)
    return Response(response["statusCode"], response["body"].encode())

"""Requests as an event of API Gateway and as the environment of a WSGI call. Standard library only."""

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.environment import HOST

FIRST_ERROR = 400

Document = dict[str, Any]


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
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def checked(request: Request, response: Response) -> Response:
    """Raises RuntimeError for an error response, which would cost less than a success."""
    if response.status >= FIRST_ERROR:
        raise RuntimeError(f"{request.method} {request.path} returned {response.status}: {response.body}")
    return response


def event_of(request: Request, key: str) -> Document:
    headers = {
        "Host": HOST,
        "Accept": "*/*",
        "User-Agent": "bench",
        "Content-Type": "application/json",
        "Authorization": f"Api-Key {key}",
    }
    return {
        "resource": "/orders/{order_id}" if request.order_id else "/orders",
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(request.query) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in request.query.items()} or None,
        "pathParameters": {"order_id": request.order_id} if request.order_id else None,
        "requestContext": {
            "stage": "prod",
            "httpMethod": request.method,
            "resourcePath": "/orders",
            "requestId": "00000000-0000-4000-8000-000000000000",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": request.payload or None,
        "isBase64Encoded": False,
    }


def environ_of(request: Request, key: str) -> Document:
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

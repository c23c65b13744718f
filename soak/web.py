"""Sends requests to the site as the proxy in front of it does, and writes each to the journal."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from soak.journal import Entry, Journal, now
from soak.site import THROUGH_THE_PROXY

TIMEOUT = 60.0
"""Seconds. Longer than any response may take, so that a late one is seen and not cut off."""


@dataclass
class Response:
    """`status` is None if there was no response."""

    status: int | None = None
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name.lower(), []))

    def json(self) -> Any:
        """The document; None if the body is not JSON."""
        return json.loads(self.body) if "json" in self.header("Content-Type") else None


@dataclass
class Web:
    """One client of the site. `name` is the author that the history of an order shows."""

    port: int
    journal: Journal
    name: str

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Response:
        """One request on a connection of its own, so that a worker's end cannot be confused with an idle connection."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)) as connection:
            try:
                connection.request(method, path, body, {**THROUGH_THE_PROXY, "Connection": "close", **headers})
                reply = connection.getresponse()
                content = reply.read()
            except (OSError, http.client.HTTPException):
                return Response()
        received: dict[str, list[str]] = {}
        for name, value in reply.getheaders():
            received.setdefault(name.lower(), []).append(value)
        return Response(reply.status, received, content)

    def record(self, operation: str, started: str, response: Response, **fields: Any) -> Entry:
        document = response.json()
        problem = document if isinstance(document, dict) and "code" in document else {}
        fields.setdefault("reply", document)
        return self.journal.add(
            client=self.name,
            operation=operation,
            started=started,
            ended=now(),
            status=response.status,
            code=str(problem.get("code", "")),
            retry_after=bool(response.header("Retry-After")),
            replayed=response.header("Idempotent-Replayed") == "true",
            **fields,
        )

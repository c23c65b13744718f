"""Checks a deployed stage with a few read-only requests to its public URL."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

STARTUP_SECONDS = 60.0
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 30


class SmokeError(Exception):
    """The deployed stage returned an unexpected response."""


class Response(NamedTuple):
    status: int
    body: bytes


def smoke(url: str, *, gateway_address: str = "") -> Iterator[str]:
    """Send the requests and yield a line for each expected response. Raises SmokeError.

    With `gateway_address` (`http://host:port`), connects to it instead of the URL's host, which is still sent as Host.
    """
    site = _Site(url, gateway_address)
    health = _healthy(site)
    yield f"{url}/healthz: {', '.join(f'{name} {state}' for name, state in health['checks'].items())}"
    _expect(site, "/lifecycle", HTTPStatus.OK)
    yield f"{url}/lifecycle: ok"
    _expect(site, "/orders", HTTPStatus.UNAUTHORIZED)
    yield f"{url}/orders: refuses requests without a key"
    if b"csrfmiddlewaretoken" not in _expect(site, "/admin/login/", HTTPStatus.OK).body:
        raise SmokeError(f"{url}/admin/login/ has no sign-in form.")
    yield f"{url}/admin/login/: ok"


class _Site(NamedTuple):
    url: str
    gateway_address: str

    @property
    def stage(self) -> str:
        return urlsplit(self.url).path.strip("/")

    def get(self, path: str) -> Response:
        host = urlsplit(self.url).netloc
        address = (self.gateway_address or f"https://{host}") + urlsplit(self.url).path + path
        request = Request(address, headers={"Accept": "*/*", "Host": host})  # noqa: S310 (the scheme is always http or https)
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return Response(response.status, response.read())
        except HTTPError as error:
            return Response(error.code, error.read())
        except (URLError, HTTPException, OSError) as error:
            return Response(0, str(error).encode())


def _healthy(site: _Site) -> dict[str, dict[str, str]]:
    """Wait until /healthz reports ok, because a new deploy may need some time to start. Returns its document."""
    deadline = time.monotonic() + STARTUP_SECONDS
    while (document := _health(response := site.get("/healthz"))) is None:
        if time.monotonic() > deadline:
            text = response.body.decode(errors="replace")[:500]
            raise SmokeError(
                f"{site.url}/healthz does not report ok. Last response: {response.status or 'none'}, {text}. "
                f"See the log: zappa tail {site.stage}"
            )
        time.sleep(PAUSE_SECONDS)
    return document


def _health(response: Response) -> dict[str, dict[str, str]] | None:
    """The document of /healthz, or None if it does not report ok."""
    with suppress(ValueError):
        document = json.loads(response.body)
        if response.status == HTTPStatus.OK and isinstance(document, dict) and isinstance(document.get("checks"), dict):
            return document
    return None


def _expect(site: _Site, path: str, status: int) -> Response:
    response = site.get(path)
    if response.status != status:
        raise SmokeError(f"{site.url}{path} returned {response.status} instead of {int(status)}.")
    return response

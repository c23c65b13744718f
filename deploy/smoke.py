"""Whether a deployed stage answers the world as it should: a few requests through its public URL, none that writes."""

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

PATIENCE = 60.0
PAUSE = 2.0
TIMEOUT = 30


class SmokeError(Exception):
    """The deployed stage does not answer as it should; the text says to what."""


class Answer(NamedTuple):
    status: int
    body: bytes


def smoke(url: str, *, by_way_of: str = "") -> Iterator[str]:
    """Ask, and yield a sentence for each thing that is well. Raises SmokeError.

    `by_way_of` is another address that leads to the gateway, `http://host:port`; the host name sent is the URL's own.
    """
    site = _Site(url, by_way_of)
    health = _healthy(site)
    yield f"{url}/healthz: {', '.join(f'{name} {state}' for name, state in health['checks'].items())}"
    _expect(site, "/lifecycle", HTTPStatus.OK)
    yield f"{url}/lifecycle: answers"
    _expect(site, "/orders", HTTPStatus.UNAUTHORIZED)
    yield f"{url}/orders: refuses strangers"
    if b"csrfmiddlewaretoken" not in _expect(site, "/admin/login/", HTTPStatus.OK).body:
        raise SmokeError(f"{url}/admin/login/ shows no form to sign in with.")
    yield f"{url}/admin/login/: shows the form"


class _Site(NamedTuple):
    url: str
    by_way_of: str

    @property
    def stage(self) -> str:
        return urlsplit(self.url).path.strip("/")

    def ask(self, path: str) -> Answer:
        host = urlsplit(self.url).netloc
        address = (self.by_way_of or f"https://{host}") + urlsplit(self.url).path + path
        request = Request(address, headers={"Accept": "*/*", "Host": host})  # noqa: S310 (the URL that AWS gave us)
        try:
            with urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310
                return Answer(reply.status, reply.read())
        except HTTPError as error:
            return Answer(error.code, error.read())
        except (URLError, HTTPException, OSError) as error:
            return Answer(0, str(error).encode())


def _healthy(site: _Site) -> dict[str, dict[str, str]]:
    """The answer of /healthz once it is well; what has just been deployed may need a moment."""
    deadline = time.monotonic() + PATIENCE
    while (document := _health(answer := site.ask("/healthz"))) is None:
        if time.monotonic() > deadline:
            text = answer.body.decode(errors="replace")[:500]
            raise SmokeError(
                f"{site.url}/healthz still answers {answer.status or 'nothing'}: {text}. "
                f"Look at the log: zappa tail {site.stage}."
            )
        time.sleep(PAUSE)
    return document


def _health(answer: Answer) -> dict[str, dict[str, str]] | None:
    """What /healthz says of itself when it is well, and is ours."""
    with suppress(ValueError):
        document = json.loads(answer.body)
        if answer.status == HTTPStatus.OK and isinstance(document, dict) and isinstance(document.get("checks"), dict):
            return document
    return None


def _expect(site: _Site, path: str, status: int) -> Answer:
    answer = site.ask(path)
    if answer.status != status:
        raise SmokeError(f"{site.url}{path} answers {answer.status} and not {status}.")
    return answer

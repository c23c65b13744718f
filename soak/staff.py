"""A member of staff: selects orders on the dashboard and applies an action to all of them."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from random import Random
from urllib.parse import urlencode

from local.errors import LocalError
from soak.journal import now
from soak.shop import pause
from soak.web import Response, Web
from soak.workload import Workload

ORDERS = 5
"""Orders per bulk action."""
ACTIONS = ("process", "process", "complete", "cancel", "delete")
LOGIN = "/admin/login/"
SEEN = re.compile(r'name="seen" value="([^"]+)"')
MESSAGE = re.compile(r'<td data-label="Result"><span class="[^"]*">([^<]*)</span>')


class Staff:
    def __init__(self, web: Web, user: str, password: str, workload: Workload, random: Random) -> None:
        self.web, self.workload, self.random = web, workload, random
        self.user, self.password = user, password
        self.cookies: dict[str, str] = {}

    def sign_in(self) -> None:
        """Raises LocalError if the login is refused."""
        self._request("GET", LOGIN)
        form = {"username": self.user, "password": self.password, "next": "/dashboard/"}
        response = self._request("POST", LOGIN, form)
        if response.status != HTTPStatus.FOUND:
            raise LocalError(f"The login of {self.user} got {response.status}.")

    def run(self) -> None:
        self.workload.wait_for_an_order()
        while self.workload.take():
            self.act()

    def act(self) -> None:
        """Preview a bulk action, and apply it to the orders that the preview says it will change."""
        ids, action = self.workload.choose(self.random, ORDERS), self.random.choice(ACTIONS)
        started = now()
        preview = self._request("POST", "/dashboard/bulk/preview/", {"action": action, "id": ids})
        self.web.record("preview", started, preview)
        if preview.status != HTTPStatus.OK:
            pause(self.random)
            return
        seen = SEEN.findall(preview.body.decode())
        if seen:
            self._apply(action, seen)

    def _apply(self, action: str, seen: list[str]) -> None:
        started = now()
        response = self._request("POST", "/dashboard/bulk/apply/", {"action": action, "seen": seen})
        messages = MESSAGE.findall(response.body.decode()) if response.status == HTTPStatus.OK else []
        revisions = dict(text.rpartition(":")[::2] for text in seen)
        rows = dict(zip(revisions, messages, strict=True)) if messages else {}
        self.web.record("bulk", started, response, sent={"action": action, "seen": revisions}, reply=rows)

    def _request(self, method: str, path: str, form: Mapping[str, str | list[str]] | None = None) -> Response:
        headers = {
            "Accept": "text/html",
            "Accept-Language": "en",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://127.0.0.1:{self.web.port}/",
        }
        token = self.cookies.get("csrftoken", "")
        body = urlencode({**form, "csrfmiddlewaretoken": token}, doseq=True).encode() if form else None
        response = self.web.send(method, path, body, headers)
        for cookie in response.headers.get("set-cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response

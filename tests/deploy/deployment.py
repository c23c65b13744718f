"""The operator's checkout, and clients of the deployed site."""

import http.client
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.deploy.measurement import measured, measuring_python
from tests.deploy.servers import PROJECT, REGION, Aws

FUNCTION = "ordersite-prod"
LOG_GROUP = f"/aws/lambda/{FUNCTION}"
ROLE = f"{FUNCTION}-ZappaLambdaExecutionRole"
PARAMETER = "/ordersite/prod"
TABLE = "Orders"
RULE = "ordersite-prod-expire-orders-orders.schedule.expire_orders"
PASSWORD = "correct horse battery staple"
# Bytecode is copied, except what another process may be writing.
NOT_COPIED = shutil.ignore_patterns(".*", "*.pyc.*", "staticfiles", "*.zip", "db.sqlite3*")
COMMAND_TIMEOUT_SECONDS = 600
SNAP_START = sys.version_info >= (3, 12)
"""Lambda supports it from Python 3.12."""


@dataclass
class Checkout:
    """A copy of the project, from which an operator deploys to `aws`."""

    aws: Aws
    folder: Path

    @classmethod
    def make(cls, aws: Aws, folder: Path) -> "Checkout":
        shutil.copytree(PROJECT, folder, ignore=NOT_COPIED)
        # The virtual environment is shared, so that make creates it once and not in each test run.
        (folder / ".local").mkdir()
        (PROJECT / ".local" / "deploy").mkdir(parents=True, exist_ok=True)
        (folder / ".local" / "deploy").symlink_to(PROJECT / ".local" / "deploy")
        subprocess.run(
            ["make", f"PYTHON={sys.executable}", "deploy-venv"],  # noqa: S607
            cwd=PROJECT,
            check=True,
            capture_output=True,
        )
        checkout = cls(aws, folder)
        checkout.edit_settings()
        return checkout

    def edit_settings(self) -> None:
        """Use the running Python, with SnapStart if supported; skip the touch, which needs a network; keep the zip."""
        file = self.folder / "zappa_settings.json"
        settings = json.loads(file.read_text())
        runtime = "python{}.{}".format(*sys.version_info)
        settings["prod"] |= {"touch": False, "runtime": runtime, "delete_local_zip": False}
        if SNAP_START:
            settings["prod"]["snap_start"] = "PublishedVersions"
        file.write_text(json.dumps(settings))

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.aws.environment, "HOME": str(self.folder), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )

    def make_target(self, target: str, *variables: str) -> subprocess.CompletedProcess[str]:
        own = [*variables, f"DEPLOY={self.measuring_python.parent}"] if measured() else variables
        return self.run("make", f"PYTHON={sys.executable}", target, *own, GATEWAY_ADDRESS=self.aws.endpoint)

    @cached_property
    def measuring_python(self) -> Path:
        folder = self.folder.parent / "measuring"
        return measuring_python(self.python, source=self.folder / "deploy", folder=folder)

    def manage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a manage.py command on this machine with the stage's secrets."""
        own = {"SSM_PARAMETER": PARAMETER, "ORDERS_TABLE": TABLE, **variables}
        return self.run(self.python, "manage.py", *arguments, **own)

    @property
    def python(self) -> Path:
        """The Python of the virtual environment with only the runtime packages."""
        return self.folder / ".local" / "deploy" / "venv" / "bin" / "python"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of the deployed function."""
        configuration = self.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    @contextmanager
    def other_variables(self, *, published: bool = True, **others: str) -> Iterator[None]:
        """Restart the function with these variables, and restore the previous ones at the end.

        With SnapStart, the gateway calls the published version. A function that cannot start cannot be published.
        """
        before = self.variables
        self._set_variables(before | others, published=published)
        try:
            yield
        finally:
            self._set_variables(before, published=published)

    def _set_variables(self, variables: dict[str, str], *, published: bool) -> None:
        functions = self.aws.client("lambda")
        functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
        if SNAP_START and published:
            version = functions.publish_version(FunctionName=FUNCTION)["Version"]
            functions.get_waiter("published_version_active").wait(FunctionName=FUNCTION, Qualifier=version)
            functions.update_alias(FunctionName=FUNCTION, Name="snapstart", FunctionVersion=version)

    def invoke(self, event: object) -> tuple[str | None, str]:
        """Lambda's FunctionError, None on success, and the returned payload."""
        reply = self.aws.client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
        return reply.get("FunctionError"), reply["Payload"].read().decode()

    def log(self) -> str:
        """The whole log of the function."""
        pages = self.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=LOG_GROUP)
        return "\n".join(event["message"].strip() for page in pages for event in page["events"])

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    @cached_property
    def gateway(self) -> "Gateway":
        return self.gateway_of(FUNCTION)

    def gateway_of(self, function: str) -> "Gateway":
        apis = self.aws.client("apigateway").get_rest_apis()["items"]
        (api,) = [api["id"] for api in apis if api["name"] == function]
        return Gateway(self.aws.port, f"{api}.execute-api.{REGION}.amazonaws.com")


def links_outside_stage(page: str) -> list[str]:
    """The URLs in any attribute of a page (links, forms, scripts, htmx) that are outside of the stage."""
    urls = re.findall(r'(?<!keyshortcuts)="(/(?!/)[^"]*)"', page)
    assert urls, page
    return [url for url in urls if not url.startswith("/prod/")]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Gateway:
    """Sends requests to the stage's URL without following redirects or decoding responses."""

    port: int
    host: str

    @property
    def origin(self) -> str:
        return f"https://{self.host}"

    @property
    def api_id(self) -> str:
        return self.host.partition(".")[0]

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """`path` begins with the stage. Write a header's hyphens as underscores."""
        sent = {
            "Host": self.host,
            "Accept": "*/*",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Shop:
    """An API client with a key."""

    gateway: Gateway
    key: str
    stage: str = "prod"

    def send(self, method: str, path: str, document: object = None, **headers: str) -> Reply:
        body = None if document is None else json.dumps(document).encode()
        own = {"Authorization": f"Api-Key {self.key}", **({"Content_Type": "application/json"} if body else {})}
        return self.gateway.send(method, f"/{self.stage}{path}", body, **own, **headers)

    def status_of(self, order_id: str) -> str:
        status: str = self.send("GET", f"/orders/{order_id}").json()["status"]
        return status


@dataclass
class Browser:
    """A browser session on the staff pages, with cookies and CSRF tokens."""

    gateway: Gateway
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Reply:
        return self._store_cookies(self.gateway.send("GET", path, Accept="text/html", Cookie=self._cookie()))

    def post(self, path: str, page: Reply, **fields: str | list[str]) -> Reply:
        """Submit a form of `page`."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        return self._store_cookies(
            self.gateway.send(
                "POST",
                path,
                urlencode({"csrfmiddlewaretoken": token[1], **fields}, doseq=True).encode(),
                Accept="text/html",
                Cookie=self._cookie(),
                Origin=self.gateway.origin,
                Content_Type="application/x-www-form-urlencoded",
            )
        )

    def sign_in(self, username: str = "admin") -> Reply:
        page = self.get("/prod/admin/login/")
        return self.post("/prod/admin/login/", page, username=username, password=PASSWORD, next="/prod/dashboard/")

    def _store_cookies(self, reply: Reply) -> Reply:
        for header in reply.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return reply

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

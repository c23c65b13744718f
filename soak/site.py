"""The site as in production, with faults between the app and its engine.

gunicorn and the sweep call microburst, which calls our own proxy, which calls DynamoDB Local.
"""

import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from local import PROJECT, ROOT, child, setup
from local.errors import LocalError
from local.postgresql_server import free_port, postgresql_server
from soak import faults
from soak.plan import BOTOCORE, CLIENTS, LEAN, STAFF, Plan
from soak.processes import EngineProcess, GunicornProcess, wait_until
from soak.proxy import Faults, Proxy, proxy

SHIPPED = ("accounts", "orders", "ordersite", "templates", "manage.py", "gunicorn.conf.py")
UNFINISHED_BYTECODE = shutil.ignore_patterns("*.pyc.*")
TABLE = "Orders"
THROUGH_THE_PROXY = {"X-Forwarded-Proto": "https"}
"""What a proxy that ends TLS adds to a request."""

OMITTED: dict[str, tuple[str, ...]] = {LEAN: (), BOTOCORE: ("trickle",)}
"""The faults of our own proxy that a client is not promised to survive."""

FAULT_COUNT = re.compile(r'^microburst_faults_total\{.*action="([^"]*)".*\} (\S+)$', re.MULTILINE)
AMOUNT = re.compile(r":\d+m?[sB]$")

Environment = dict[str, str]


@dataclass
class Site:
    folder: Path
    port: int
    engine: EngineProcess
    faults: Proxy
    gunicorn: GunicornProcess
    environment: Environment
    keys: dict[str, str]
    """The API key of each program, by the author that the history shows."""
    passwords: dict[str, str]
    """The password of each member of staff, by user name."""


@contextmanager
def site(folder: Path, plan: Plan) -> Iterator[Site]:
    """Run the site of the plan until the block ends. Its table is empty. Raises LocalError if a part does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    copy_project(folder / "site")
    engine = EngineProcess(folder / "engine", free_port())
    with ExitStack() as stack:
        stack.callback(engine.stop)
        engine.start()
        own_faults = stack.enter_context(proxy(engine.port, Faults(plan.seed, omitted=OMITTED[plan.client])))
        endpoint = stack.enter_context(microburst(own_faults.server_port, folder))
        database = stack.enter_context(postgresql_server()).url
        settings = {"ORDERS_INDEX_SHARDS": str(plan.shards), "ORDERS_DYNAMODB_CLIENT": plan.client}
        direct = {**environment(free_port(), f"http://127.0.0.1:{engine.port}", database), **settings}
        keys, passwords = prepare(folder / "site", direct)
        faulty = {**direct, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}
        web = serve(stack, folder, faulty)
        port = int(direct["BIND"].rpartition(":")[2])
        yield Site(folder, port, engine, own_faults, web, faulty, keys, passwords)


def serve(stack: ExitStack, folder: Path, variables: Environment, *options: str) -> GunicornProcess:
    """Start gunicorn, which ends with the stack."""
    command = [sys.executable, "-m", "gunicorn", *options, "ordersite.wsgi"]
    web = GunicornProcess(command, folder / "site", variables, folder / "gunicorn.log")
    stack.callback(web.stop)
    web.start()
    port = int(variables["BIND"].rpartition(":")[2])
    wait_until(lambda: _responds(port), what="The start of gunicorn")
    return web


def copy_project(folder: Path) -> None:
    for name in SHIPPED:
        if (PROJECT / name).is_dir():
            # With its bytecode, but another process may be writing some.
            shutil.copytree(PROJECT / name, folder / name, ignore=UNFINISHED_BYTECODE)
        else:
            shutil.copy(PROJECT / name, folder / name)


def environment(port: int, engine: str, database: str, *, table: str = TABLE) -> Environment:
    """The settings of docs/operations.md, Other servers."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": database,
        "ALLOWED_HOSTS": "127.0.0.1",
        "BIND": f"127.0.0.1:{port}",
        "COLLECTED_STATIC": "true",
        "HTTPS_ONLY": "true",
        "LOG_JSON": "true",
        "TRUSTED_PROXIES": "127.0.0.1",
        # All clients have one address, and the limits have tests of their own.
        "ORDERS_API_RATE": "1000000/min",
        "ORDERS_AUTH_FAILURE_RATE": "1000000/min",
        "ORDERS_TABLE": table,
        "AWS_ENDPOINT_URL_DYNAMODB": engine,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "ap-south-1",
    }


def prepare(folder: Path, variables: Environment) -> tuple[dict[str, str], dict[str, str]]:
    """Create static files, tables, API keys and staff. Returns the keys and the passwords."""
    names = [f"shop-{number}" for number in range(CLIENTS)]
    commands = [["collectstatic", "--noinput"], ["migrate", "--noinput"], ["create_orders_table"]]
    commands += [["create_api_key", "--name", name] for name in names]
    keys = manage_together(folder, variables, commands).split()[-CLIENTS:]
    passwords = {f"staff-{number}": secrets.token_urlsafe(12) for number in range(STAFF)}
    for name, password in passwords.items():
        manage(folder, {**variables, "ADMIN_USERNAME": name, "ADMIN_PASSWORD": password}, "ensure_admin")
    return {f"api-key:{name}": key for name, key in zip(names, keys, strict=True)}, passwords


def manage(folder: Path, variables: Environment, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def manage_together(folder: Path, variables: Environment, commands: Sequence[Sequence[str]]) -> str:
    """Run several commands in one process, because each start takes more than a second of CPU time."""
    lines = [f"call_command(*{list(command)})" for command in commands]
    code = "\n".join(["from django.core.management import call_command", *lines])
    return manage(folder, variables, "shell", "--no-imports", "--command", code)


@contextmanager
def microburst(upstream: int, folder: Path) -> Iterator[str]:
    """The address of microburst, with the rules of `soak.faults`."""
    home = ROOT / "microburst-{}.{}".format(*sys.version_info)
    setup.ensure(home, [Path(__file__).parent / "microburst.txt"])
    config, port = folder / "microburst.json", free_port()
    config.write_text(json.dumps({"rules": faults.rules()}))  # JSON is YAML
    address = ["--host", "127.0.0.1", "--port", str(port), "--upstream", f"http://127.0.0.1:{upstream}"]
    command = [str(home / "bin" / "python"), "-m", "microburst", *address, "--config", str(config)]
    with (
        (folder / "microburst.log").open("wb") as log,
        child.running(command, cwd=folder, env={"PATH": os.environ["PATH"]}, output=log),
    ):
        wait_until(lambda: _has_response(port, "/_microburst/health"), what="The start of microburst")
        yield f"http://127.0.0.1:{port}"


def injected_faults(running: Site) -> dict[str, int]:
    """How often each fault of microburst and of our own proxy was injected."""
    port = int(running.environment["AWS_ENDPOINT_URL_DYNAMODB"].rpartition(":")[2])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/_microburst/metrics")
        metrics = connection.getresponse().read().decode()
    counts = Counter(running.faults.faults.counts)
    for action, count in FAULT_COUNT.findall(metrics):
        # Such as "latency:120ms"; "match" is a changed header.
        counts[AMOUNT.sub("", action).replace("match", "response:checksum")] += int(float(count))
    return counts


def _responds(port: int) -> bool:
    return _has_response(port, "/lifecycle")


def _has_response(port: int, path: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        try:
            connection.request("GET", path, headers=THROUGH_THE_PROXY)
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

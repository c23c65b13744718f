"""The API as in production, with gunicorn, PostgreSQL, collected static files and HTTPS only; and DynamoDB Local."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.package import UNUSED_STATIC
from local.postgresql_server import free_port
from soak.site import THROUGH_THE_PROXY, copy_project, environment, manage_together
from tests.deploy.servers import gunicorn

COMMANDS = (
    ("collectstatic", "--noinput", *(f"--ignore={pattern}" for pattern in UNUSED_STATIC)),
    ("migrate", "--noinput"),
    ("create_orders_table",),
    ("create_api_key", "--name", "shop"),
    ("create_api_key", "--name", "report", "--read-only"),
)


@dataclass(frozen=True)
class Production:
    url: str
    read_write_key: str
    read_only_key: str
    log: Path
    document: Path
    """The document at /schema."""


@contextmanager
def production(folder: Path, engine: str, database: str) -> Iterator[Production]:
    """Serve a copy of the project from `folder` until the block ends. `database` is the URL of an empty one."""
    copy_project(folder)
    port = free_port()
    # The engine is shared with other tests.
    variables = environment(port, engine, database, table=f"Orders-{port}") | {"WEB_CONCURRENCY": "1"}
    keys = manage_together(folder, variables, COMMANDS).split()[-2:]
    log = folder / "gunicorn.log"
    with gunicorn(variables, log, is_up=lambda: _responds(port), folder=folder):
        document = folder / "schema.json"
        document.write_bytes(_get(port, "/schema", Authorization=f"Api-Key {keys[1]}"))
        yield Production(f"http://127.0.0.1:{port}", *keys, log, document)


def _responds(port: int) -> bool:
    try:
        return bool(_get(port, "/lifecycle"))
    except OSError:
        return False


def _get(port: int, path: str, **headers: str) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={**THROUGH_THE_PROXY, **headers})
        reply = connection.getresponse()
        assert reply.status == http.HTTPStatus.OK, reply.read()
        return reply.read()

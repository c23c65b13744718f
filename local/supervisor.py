"""What `make run` does: an engine, a demo in it, a web server, and an end that leaves nothing behind."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import PROJECT, engine, environment, state, web
from local.banner import Facts, banner
from local.errors import FolderError, LocalEngineError
from local.locks import Lock

WATCH_EVERY = 1.0


class DemoError(LocalEngineError):
    """The table, the demo orders or the demo's access could not be made."""


class EngineGoneError(LocalEngineError):
    """The engine ended while it was in use."""


@dataclass(frozen=True)
class Engine:
    """An engine in use; `folder` is None for one that the developer runs."""

    endpoint: str
    folder: Path | None


def run(port: int, root: Path) -> None:
    """Serve until interrupted. Raises LocalEngineError; nothing that was started here is left in any case."""
    web.require_free(port)
    root.mkdir(parents=True, exist_ok=True)
    _require_writable(root)
    with _only_one_on(port, root), _engine(port, root) as used:
        variables = environment.for_app(used.endpoint)
        environment.write_file(root / "env", used.endpoint)
        access = _prepare(port, root, variables, used)
        with web.serving(port, variables) as server:
            web.wait_until_healthy(server, port)
            _say(banner(_facts(port, used, access)))
            while True:
                web.wait_for_end(server, meanwhile=WATCH_EVERY)
                _require_engine(used)


def _require_writable(root: Path) -> None:
    """Raises FolderError if this command cannot write to one of its files, for example after a run as root."""
    for path in (root, *filter(Path.is_file, root.iterdir()), root / "dynamodb", *(root / "dynamodb").rglob("*")):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise FolderError(
                f"{path} cannot be written to; it belongs to {_owner(path)}. Change the owner: "
                f'sudo chown -R "$(id -un)" {_near(root)}'
            )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # in a container, for example
        return f"user {path.stat().st_uid}"


@contextmanager
def _only_one_on(port: int, root: Path) -> Iterator[None]:
    """Raises PortRefusedError while another run in this folder has the port, even before its server listens."""
    with Lock(root / f"port-{port}.lock") as lock:
        if not lock.try_own():
            raise web.refused(port, "is taken by another `make run` that is starting. Stop it")
        yield


@contextmanager
def _engine(port: int, root: Path) -> Iterator[Engine]:
    """The developer's own engine where one is named, else the embedded one."""
    if endpoint := environment.own_endpoint():
        environment.require_listening(endpoint)
        yield Engine(endpoint, folder=None)
        return
    folder = root / "dynamodb"
    _say("Starting the DynamoDB engine")
    with engine.running(folder, port=engine.PORT + (port == engine.PORT)) as started:
        yield Engine(started, folder)


def _prepare(port: int, root: Path, variables: dict[str, str], used: Engine) -> dict[str, str]:
    """What local.demo made. Raises DemoError."""
    _say("Preparing the table, a login and an API key")
    embedded = ["--unfinished", str(used.folder / "demo-unfinished")] if used.folder else []
    with Lock(root / "prepare.lock") as lock:
        lock.own()  # two at once would seed twice
        done = subprocess.run(
            [sys.executable, "-m", "local.demo", "--port", str(port), *embedded],
            cwd=PROJECT,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # a Ctrl-C is for this process, which then ends that one
        )
    if done.returncode:
        (root / "prepare.log").write_text(done.stdout + done.stderr)
        *more, reason = done.stderr.strip().splitlines() or ["no reason given"]
        where = f" (all of it: {root / 'prepare.log'})" if more else ""
        raise DemoError(f"The demo could not be prepared: {reason}{where}")
    access: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return access


def _facts(port: int, used: Engine, access: dict[str, str]) -> Facts:
    return Facts(
        url=f"http://{web.HOST}:{port}",
        key=access["key"],
        login=bool(access["login"]),
        orders_at=_near(used.folder) if used.folder else used.endpoint,
        accounts_at="DATABASE_URL" if os.environ.get("DATABASE_URL") else "db.sqlite3",
    )


def _near(folder: Path) -> str:
    return str(folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder)


def _require_engine(used: Engine) -> None:
    if used.folder and not state.kept(used.folder):
        raise EngineGoneError(f"The DynamoDB engine ended by itself; {used.folder / 'engine.log'} may tell why.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

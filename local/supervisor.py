"""What `make run` does: start an engine, prepare a demo in it, and serve. At the end no process is left."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import PROJECT, environment, web
from local.banner import banner
from local.engine import Engine, durable
from local.errors import LocalError
from local.locks import only_run

WATCH_INTERVAL = 1.0


def run(port: int, root: Path) -> None:
    """Serve until interrupted. Raises LocalError. Afterwards none of the processes started here is left."""
    root.mkdir(parents=True, exist_ok=True)
    _require_writable(root)
    url = f"http://{web.HOST}:{port}"
    with only_run(root, url):
        web.require_free(port)
        with _running_engine(root) as engine:
            variables = environment.for_app(engine.endpoint)
            environment.write_file(root / "env", engine.endpoint)
            access = _prepare(port, root, variables, engine)
            with web.serving(port, variables) as server:
                web.wait_until_healthy(server, port)
                _show_banner(url, engine, access)
                while True:
                    web.watch(server, seconds=WATCH_INTERVAL)
                    _require_engine(engine)


def _require_writable(root: Path) -> None:
    """Raises LocalError if one of the files is not writable, for example after a run as root."""
    for path in (root, *filter(Path.is_file, root.iterdir()), root / "dynamodb", *(root / "dynamodb").rglob("*")):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise LocalError(
                f"{path} is not writable. It belongs to {_owner(path)}. Change the owner: "
                f'sudo chown -R "$(id -un)" {_relative(root)}'
            )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # in a container, for example
        return f"user {path.stat().st_uid}"


@contextmanager
def _running_engine(root: Path) -> Iterator[Engine]:
    """The developer's own engine if one is configured, else DynamoDB Local."""
    if endpoint := environment.own_endpoint():
        environment.require_listening(endpoint)
        yield Engine(endpoint)
        return
    with durable(root / "dynamodb") as started:
        yield started


def _prepare(port: int, root: Path, variables: dict[str, str], engine: Engine) -> dict[str, str]:
    """The login and API key that local.demo has created. Raises LocalError."""
    embedded = ["--unfinished", str(engine.folder / "demo-unfinished")] if engine.folder else []
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "--port", str(port), *embedded],
        cwd=PROJECT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C ends only this process, which then ends that one
    )
    if done.returncode:
        (root / "prepare.log").write_text(done.stdout + done.stderr)
        *more, reason = done.stderr.strip().splitlines() or ["no output"]
        details = f" (details: {root / 'prepare.log'})" if more else ""
        raise LocalError(f"The demo could not be prepared: {reason}{details}")
    access: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return access


def _show_banner(url: str, engine: Engine, access: dict[str, str]) -> None:
    text = banner(
        url=url,
        key=access["key"],
        login=bool(access["login"]),
        orders_at=_relative(engine.folder) if engine.folder else engine.endpoint,
        accounts_at="DATABASE_URL" if os.environ.get("DATABASE_URL") else "db.sqlite3",
    )
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _relative(folder: Path) -> str:
    return str(folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder)


def _require_engine(engine: Engine) -> None:
    if engine.folder and engine.process and engine.process.poll() is not None:
        raise LocalError(f"The DynamoDB engine ended. Its output is in {engine.folder / 'engine.log'}.")

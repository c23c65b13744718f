"""What `make run` does: start an engine, prepare a demo in it, and serve. At the end no process is left."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from local import PROJECT, child, environment
from local.banner import banner
from local.engine import Engine, durable, free_port
from local.errors import LocalError
from local.locks import only_run

HOST = "127.0.0.1"
POLL_INTERVAL = 0.25


def run(port: int, root: Path) -> None:
    """Serve until interrupted. Raises LocalError. Afterwards none of the processes started here is left."""
    root.mkdir(parents=True, exist_ok=True)
    _require_writable(root)
    url = f"http://{HOST}:{port}"
    own = environment.own_endpoint()
    with only_run(root, url):
        _require_free(port)
        with nullcontext(Engine(own)) if own else durable(root / "dynamodb") as engine:
            variables = environment.for_app(engine.endpoint)
            environment.write_file(root / "env", engine.endpoint)
            access = _prepare(port, variables, engine)
            server = [sys.executable, "-m", "local.serve", f"{HOST}:{port}"]
            with child.running(server, cwd=PROJECT, env=variables) as process:
                while not _is_listening(port):
                    _wait(process, engine)
                _wait(process, engine)  # if another program has taken the port, the server has ended
                _show_banner(url, engine, access)
                while True:
                    _wait(process, engine)


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


def _require_free(port: int) -> None:
    """Raises LocalError, which suggests a free port."""
    try:
        free_port(HOST, port)
    except OSError as error:
        denied = isinstance(error, PermissionError)
        reason = "reserved for the administrator" if denied else "taken by another program"
        remedy = "Run as administrator" if denied else "Stop it"
        raise LocalError(
            f"Port {port} is {reason}. {remedy}, or choose another: make run PORT={free_port(HOST)}"
        ) from None


def _prepare(port: int, variables: dict[str, str], engine: Engine) -> dict[str, str]:
    """The login and API key that local.demo has created. Raises LocalError."""
    embedded = ["--unfinished", str(engine.folder / "demo-unfinished")] if engine.folder else []
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "--port", str(port), *embedded],
        cwd=PROJECT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C ends only this process, which then ends that one
    )
    if done.returncode:
        raise LocalError("The demo could not be prepared. The reason is above.")
    access: dict[str, str] = json.loads(done.stdout)
    return access


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _wait(server: subprocess.Popen[bytes], engine: Engine) -> None:
    """Wait for a moment. Raises LocalError if the server or the engine has ended."""
    time.sleep(POLL_INTERVAL)
    if server.poll() is not None:
        raise LocalError(f"The web server ended with code {server.returncode}. Its output is above.")
    if engine.folder and engine.process and engine.process.poll() is not None:
        raise LocalError(f"The DynamoDB engine ended. Its output is in {engine.folder / 'engine.log'}.")


def _show_banner(url: str, engine: Engine, access: dict[str, str]) -> None:
    text = banner(
        url=url,
        key=access["key"],
        login=bool(access["login"]),
        orders_at=_relative(engine.folder) if engine.folder else engine.endpoint,
        accounts_at="DATABASE_URL" if os.environ.get("DATABASE_URL") else "db.sqlite3",
    )
    print(text, flush=True)


def _relative(folder: Path) -> str:
    return str(folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder)

"""The process that owns one engine: it starts Java, and stops it when the engine's last user has gone.

`python -m local.keeper '<plan as JSON>'` returns when the engine answers and leaves the keeper behind it, in a session
of its own so that a Ctrl-C in some user's terminal does not reach it. Each user shares `users.lock`; the keeper waits
to own it. So the kernel counts the users, and one that is killed is counted out like one that leaves.
"""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from local import processes, state
from local.errors import EngineStartError
from local.locks import Lock
from local.state import State

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
READY = "ready"
FREE_PORTS_TRIED = 5
START_PATIENCE = 60.0
STOP_PATIENCE = 10.0
PAUSE = 0.02
LOG_LINES = 15
OK = 200


@dataclass(frozen=True)
class Plan:
    """What to run: the beginning of the command, and the ports to prefer; without a `data` folder all is in memory."""

    folder: str
    command: list[str]
    version: str
    ports: list[int]
    in_memory: bool

    def as_json(self) -> str:
        return json.dumps(asdict(self))


class Ended(Exception):  # noqa: N818 - no error: how a signal leaves the wait
    """A signal asks the keeper to end, or Java has ended by itself."""


class PortTakenError(Exception):
    """Another program answers on the port or holds it."""


# --- Becoming the keeper ----------------------------------------------------------------------------------------------


def main() -> int:
    """Start the keeper; 0 when its engine answers, else 1 and the reason on standard error."""
    plan = Plan(**json.loads(sys.argv[1]))
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        become_keeper(plan, writing)
    os.close(writing)
    with open(reading) as pipe:  # noqa: PTH123 - a pipe has no path
        report = pipe.read()
    if report == READY:
        return 0
    sys.stderr.write(report or "The engine's keeper ended without a word.")
    return 1


def become_keeper(plan: Plan, pipe: int) -> NoReturn:
    os.setsid()
    folder = Path(plan.folder)
    _let_go_of_terminal(folder / "keeper.log")
    failure = ""
    try:
        keeping, users = Lock(folder / "keeper.lock"), Lock(folder / "users.lock")
        keep(plan, keeping, users, answers=lambda: _report(pipe, READY))
    except EngineStartError as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001 - nobody sees this process fail, so the starter must be told
        failure = f"The DynamoDB engine's keeper failed: {error!r}"
    if plan.in_memory:
        shutil.rmtree(folder, ignore_errors=True)
    if failure:
        os.write(sys.stderr.fileno(), failure.encode())  # into keeper.log
        _report(pipe, failure)
    os._exit(0)  # only here are the locks dropped: who joins before waits until the engine has ended


def _let_go_of_terminal(log: Path) -> None:
    """Else whoever reads the starter's output would wait for the keeper's end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)


def _report(pipe: int, sentence: str) -> None:
    with suppress(OSError):  # the starter was interrupted: nobody is left to tell
        os.write(pipe, sentence.encode())
        os.close(pipe)


# --- Keeping ----------------------------------------------------------------------------------------------------------


def keep(plan: Plan, keeping: Lock, users: Lock, *, answers: Callable[[], None]) -> None:
    """Run the engine until nobody uses it, a signal comes or Java ends; call `answers` when it does.

    Raises EngineStartError when it does not start. Both locks are left as they are.
    """
    folder = Path(plan.folder)
    if not keeping.try_own(patience=STOP_PATIENCE):
        raise EngineStartError(f"Another keeper runs the engine in {folder}.")
    with suppress(Ended):
        _on(ENDINGS, _end)
        end_orphans(folder)
        java, port = start(plan)
        try:
            _on((signal.SIGCHLD,), _end)
            state.write(folder, State(os.getpid(), java.pid, port, plan.version))
            answers()
            if java.poll() is None:
                users.own()
        finally:
            state.retire(folder)
            stop(java)


def end_orphans(folder: Path) -> None:
    """End each engine whose keeper was killed: those of this folder, whose keeper this is, and any unkept one."""
    for pid, owner in processes.engines().items():
        if owner == folder or not state.kept(owner):
            processes.end(pid)


def start(plan: Plan) -> tuple[subprocess.Popen[bytes], int]:
    """The engine on the first port that can be had, answering. Raises EngineStartError."""
    for port in _ports(plan.ports):
        try:
            return _start_on(port, plan), port
        except PortTakenError:
            continue
    raise EngineStartError("The DynamoDB engine found no free port, though the system offered several.")


def stop(java: subprocess.Popen[bytes]) -> None:
    """Java has ended when this returns."""
    _on(ENDINGS, signal.SIG_IGN)
    _on((signal.SIGCHLD,), signal.SIG_DFL)
    java.terminate()
    try:
        java.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        java.kill()
        java.wait()


def _start_on(port: int, plan: Plan) -> subprocess.Popen[bytes]:
    # The engine allows any web page to call it unless told which; only the starter knows this one, so it also proves
    # that it is this engine that answers and not another program that took the port in between.
    origin = f"http://{secrets.token_hex(8)}.invalid"
    log = Path(plan.folder) / "engine.log"
    with log.open("wb") as output:
        java = subprocess.Popen(
            _arguments(plan, port, origin),
            cwd=plan.folder,  # where the engine drops a small file of its own
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_it_answers(java, port, origin, log)
    except BaseException:
        stop(java)
        _on(ENDINGS, _end)
        raise
    return java


def _arguments(plan: Plan, port: int, origin: str) -> list[str]:
    java, *rest = plan.command
    where = ["-inMemory"] if plan.in_memory else ["-dbPath", str(Path(plan.folder) / "data")]
    options = ["-port", str(port), "-sharedDb", "-disableTelemetry", "-cors", origin]
    return [java, f"{processes.MARK}{plan.folder}", *rest, *options, *where]


def _wait_until_it_answers(java: subprocess.Popen[bytes], port: int, origin: str, log: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if "Failed to bind" in log.read_text(errors="replace"):  # Java stays, but serves nothing
            raise PortTakenError
        if java.poll() is not None:
            raise EngineStartError(f"The DynamoDB engine ended with code {java.returncode}:\n{_tail(log)}")
        if _answers(port, origin):
            return
        time.sleep(PAUSE)
    raise EngineStartError(f"The DynamoDB engine did not answer within {START_PATIENCE:.0f} s:\n{_tail(log)}")


def _answers(port: int, origin: str) -> bool:
    """Whether the engine lists its tables. Raises PortTakenError when somebody else answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    credential = "Credential=local/20200101/ap-south-1/dynamodb/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",  # it checks the form only
        "Content-Type": "application/x-amz-json-1.0",
        "Origin": origin,
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
    }
    try:
        connection.request("POST", "/", "{}", headers)
        answer = connection.getresponse()
    except ConnectionRefusedError:
        return False
    except (OSError, http.client.HTTPException):
        raise PortTakenError from None
    finally:
        connection.close()
    if answer.status != OK or answer.headers.get("Access-Control-Allow-Origin") != origin:
        raise PortTakenError
    return True


def _ports(preferred: list[int]) -> Iterator[int]:
    """The preferred ports that are free, then some that the system chooses."""
    yield from filter(_is_free, dict.fromkeys(preferred))
    for _ in range(FREE_PORTS_TRIED):
        with socket.socket() as probe:
            probe.bind(("", 0))
            port: int = probe.getsockname()[1]
        yield port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: a port just left counts as free
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])


def _on(signals: tuple[signal.Signals, ...], handler: "signal._HANDLER") -> None:
    for number in signals:
        signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended


if __name__ == "__main__":
    sys.exit(main())

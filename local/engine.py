"""Amazon's DynamoDB Local as a child process: started for its user, ended with its user.

    with durable(folder) as engine:  # keeps its data in `folder`
    with in_memory() as endpoint:    # empty

The engine listens on all interfaces of the machine, because it has no option to listen on loopback only.
"""

import http.client
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import artifacts, child
from local.errors import LocalError

PORT = 8765
FREE_PORTS_TRIED = 5
START_TIMEOUT = 60.0
POLL_INTERVAL = 0.02
LOG_LINES = 15
OK = 200


@dataclass(frozen=True)
class Engine:
    """An engine in use. `folder` and `process` are None for one that the developer runs."""

    endpoint: str
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None


@contextmanager
def durable(folder: Path, *, port: int = PORT) -> Iterator[Engine]:
    """An engine with its data in `folder`, on `port` or, if that is taken, on a free port.

    The caller makes sure that no other engine uses the folder. Raises LocalError if it cannot start.
    """
    data = folder.resolve() / "data"
    data.mkdir(parents=True, exist_ok=True)
    _record_version(folder, artifacts.ENGINE_VERSION)
    with _running(["-dbPath", str(data)], folder, port) as engine:
        yield engine


@contextmanager
def in_memory() -> Iterator[str]:
    """The endpoint of an empty engine that only the caller uses. Raises LocalError if it cannot start."""
    with (
        tempfile.TemporaryDirectory(prefix="ordersite-engine-", ignore_cleanup_errors=True) as folder,
        # The child process deletes the folder if this process is killed.
        _running(["-inMemory"], Path(folder), temporary=Path(folder)) as engine,
    ):
        yield engine.endpoint


@contextmanager
def _running(storage: list[str], folder: Path, port: int = 0, *, temporary: Path | None = None) -> Iterator[Engine]:
    java = artifacts.command()
    log = folder / "engine.log"
    # The engine lets any web page call it unless it gets an allowed origin. Only this process knows the random one, so
    # it also shows whether this engine responds or another program that has taken the port.
    origin = f"http://{secrets.token_hex(8)}.invalid"
    for wanted in (port, *[0] * FREE_PORTS_TRIED):
        try:
            free = free_port("", wanted)
        except OSError:
            continue
        options = ["-port", str(free), "-sharedDb", "-disableTelemetry", "-cors", origin, *storage]
        with (
            log.open("wb") as output,
            # The engine writes a small file to its working directory.
            child.running([*java, *options], cwd=folder, output=output, temporary=temporary) as process,
        ):
            if _starts(process, free, origin, log):
                yield Engine(f"http://127.0.0.1:{free}", folder, process)
                return
    raise LocalError("The DynamoDB engine found no free port.")


def free_port(host: str, port: int = 0) -> int:
    """`port`, or one that the system chooses. Raises OSError if `port` is taken, or reserved for the administrator."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: ignore connections that ended
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def _starts(process: subprocess.Popen[bytes], port: int, origin: str, log: Path) -> bool:
    """Wait until the engine responds. False if another program has the port. Raises LocalError."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalError(f"The DynamoDB engine ended with code {process.returncode}:\n{_tail(log)}")
        if "Failed to bind" in log.read_text(errors="replace"):  # Java runs on without serving
            return False
        try:
            return _is_engine(port, origin)
        except ConnectionRefusedError:
            time.sleep(POLL_INTERVAL)
    raise LocalError(f"The DynamoDB engine did not respond within {START_TIMEOUT:.0f} s:\n{_tail(log)}")


def _is_engine(port: int, origin: str) -> bool:
    """Whether the engine with this origin lists its tables. Raises ConnectionRefusedError if nothing listens.

    The first call takes the engine a second or more, which its user should not wait for.
    """
    credential = "Credential=local/20200101/ap-south-1/dynamodb/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",  # it checks the form only
        "Content-Type": "application/x-amz-json-1.0",
        "Origin": origin,
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
    }
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT)) as connection:
        try:
            connection.request("POST", "/", "{}", headers)
            response = connection.getresponse()
        except ConnectionRefusedError:
            raise
        except (OSError, http.client.HTTPException):
            return False
    return response.status == OK and response.headers["Access-Control-Allow-Origin"] == origin


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])


def _record_version(folder: Path, version: str) -> None:
    """Record the version of the engine that writes the data. Raises LocalError if a newer one has written it."""
    note = folder / "version"
    written_by = note.read_text() if note.exists() else version
    if _parts(written_by) > _parts(version):
        raise LocalError(
            f"The orders in {folder} were written by engine {written_by}, which is newer than this checkout's "
            f"{version}: update the checkout, or move that folder away to start with demo orders."
        )
    note.write_text(version)


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]

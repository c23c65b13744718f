"""PostgreSQL and an AWS on this machine, each on a port and in a folder of its own, for the time of a test run."""

import getpass
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import boto3
import psycopg

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
REGION = "ap-south-1"
ACCOUNT = "123456789012"
PATIENCE = 60.0
PATH = "/usr/local/bin:/usr/bin:/bin"
# A package is some 8,000 files, copied and unpacked several times: in memory that takes half as long.
MEMORY = Path("/dev/shm")  # noqa: S108 (what is made in it has a folder of its own, with a name by chance)
SCRATCH = str(MEMORY) if os.access(MEMORY, os.W_OK) else tempfile.gettempdir()
INSTALL_POSTGRESQL = "install PostgreSQL's server (Debian: apt-get install postgresql)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def silence() -> Iterator[str]:
    """The address of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def wait_until(true: Callable[[], bool], *, what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {patience:.0f} s"
        time.sleep(0.2)


def end(process: subprocess.Popen[Any]) -> None:
    """The process and whatever it started: each was given a group of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


class Postgresql(NamedTuple):
    """A server and the URL of an empty database on it."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database. Fails, and does not skip, where PostgreSQL is not installed."""
    with postgresql_server() as server:
        yield server.url


@contextmanager
def postgresql_server() -> Iterator[Postgresql]:
    """For a test that stops the server itself. Fails, and does not skip, where PostgreSQL is not installed."""
    folder = Path(tempfile.mkdtemp(prefix="ordersite-pg-", dir="/tmp"))
    # PostgreSQL refuses to run as root.
    account = _unprivileged() if os.geteuid() == 0 else None
    user = {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
    shutil.chown(folder, account or getpass.getuser())
    password, port = secrets.token_urlsafe(12), free_port()
    secret = folder / "password"
    secret.write_text(password)
    shutil.chown(secret, account or getpass.getuser())
    data = folder / "data"
    make = [_postgres("initdb"), "-D", data, "-U", "orders", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder, **user)
    options = ["-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [_postgres("postgres"), *options], cwd=folder, stdout=log, stderr=log, start_new_session=True, **user
        )
    url = f"postgres://orders:{password}@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: _accepts(url), what="PostgreSQL's start")
        yield Postgresql(url, server)
    finally:
        end(server)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise AssertionError("There is no unprivileged user for PostgreSQL to run as.")


def _postgres(program: str) -> Path:
    folders = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        Path("/usr/bin"),
        Path("/usr/local/bin"),
    ]
    for folder in folders:
        if (folder / program).is_file() and (folder / "initdb").is_file():
            return folder / program
    raise AssertionError(f"The deploy is tested with PostgreSQL, and none is here: {INSTALL_POSTGRESQL}.")


def _accepts(url: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(url).close()
        return True
    return False


# --- AWS --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aws:
    """MiniStack, enforcing the policies of roles."""

    endpoint: str
    record: Path

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    @property
    def environment(self) -> dict[str, str]:
        """An operator's, and nothing of the machine's: MiniStack hands on to functions what it is given."""
        return {
            "PATH": PATH,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "operators-secret",
            "AWS_DEFAULT_REGION": REGION,
            "TMPDIR": SCRATCH,
            # Zappa asks PyPI at each start whether there is a newer Zappa. Nobody answers here.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="operator",
            aws_secret_access_key="operators-secret",
        )

    def asked_by(self, role: str) -> list[dict[str, Any]]:
        """Each call made with this role's credentials: `action`, `resource`, and whether it was `allowed`."""
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [line for line in lines if f":assumed-role/{role}/" in line["by"]]


@contextmanager
def aws(folder: Path) -> Iterator[Aws]:
    with tempfile.TemporaryDirectory(prefix="ordersite-aws-", dir=SCRATCH) as scratch:
        yield from _aws(folder, scratch)


def _aws(folder: Path, scratch: str) -> Iterator[Aws]:
    python = _ministack()
    port = free_port()
    site = Aws(f"http://127.0.0.1:{port}", folder / "record")
    site.record.touch()
    environment = {
        "PATH": PATH,
        "HOME": str(folder),
        "TMPDIR": scratch,
        "S3_DATA_DIR": str(folder / "s3"),
        "ROLE_RECORD": str(site.record),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Requests carry the very host name that AWS would give the gateway, because Zappa goes by it.
        "MINISTACK_HOST": f"{REGION}.amazonaws.com",
        "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": "operators-secret",
    }
    with (folder / "ministack.log").open("wb") as log:
        server = subprocess.Popen(
            [python, HERE / "ministack_launcher.py"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _is_up(site, server), what="MiniStack's start")
        yield site
    finally:
        end(server)


def _is_up(site: Aws, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "MiniStack ended by itself"
    with suppress(OSError), urlopen(f"{site.endpoint}/_ministack/health", timeout=2) as reply:  # noqa: S310
        return bool(reply.status == 200)
    return False


def _ministack() -> Path:
    """The Python of MiniStack's virtualenv: the same that runs the tests, because it runs the functions in it."""
    home = PROJECT / ".local" / "ministack-{}.{}".format(*sys.version_info)
    wanted = (HERE / "ministack.txt").read_text()
    if not (home / "installed").is_file() or (home / "installed").read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        install = [home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", HERE / "ministack.txt"], check=True)
        (home / "installed").write_text(wanted)
    return home / "bin" / "python"

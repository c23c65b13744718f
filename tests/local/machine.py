"""Other users of an engine, processes, ports and substitute programs."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import boto3

from local import PROJECT

USE_AN_ENGINE = """
import sys, time
from pathlib import Path
from local import engine
with engine.durable(Path(sys.argv[1])) if sys.argv[1:] else engine.in_memory() as started:
    print(started if isinstance(started, str) else started.endpoint, flush=True)
    time.sleep(600)
"""


class Notes:
    """A small table, to check which data an engine has."""

    def __init__(self, endpoint):
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        self.client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="ap-south-1", **keys)

    def write(self, text):
        if not self._exist():
            self.client.create_table(
                TableName="Notes",
                KeySchema=[{"AttributeName": "text", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "text", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self.client.put_item(TableName="Notes", Item={"text": {"S": text}})

    def read(self):
        """All notes in alphabetical order."""
        items = self.client.scan(TableName="Notes")["Items"] if self._exist() else []
        return sorted(item["text"]["S"] for item in items)

    def _exist(self):
        return self.client.list_tables()["TableNames"] == ["Notes"]


@contextmanager
def own_table(endpoint, name):
    """A DynamoDB client. At the end it deletes the table with this name, if there is one.

    The engine may be one that other tests use, because starting another one takes a second of CPU time.
    """
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    with closing(boto3.client("dynamodb", endpoint_url=endpoint, region_name="ap-south-1", **keys)) as client:
        yield client
        if name in client.list_tables()["TableNames"]:
            client.update_table(TableName=name, DeletionProtectionEnabled=False)
            client.delete_table(TableName=name)


@contextmanager
def another_user(*arguments):
    """Another process that uses an engine: (process, endpoint). It is killed at the end at the latest."""
    command = [sys.executable, "-c", USE_AN_ENGINE, *map(str, arguments)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as user:
        try:
            yield user, user.stdout.readline().strip()
        finally:
            user.kill()


def processes():
    """The processes of this user and their arguments, joined by spaces."""
    if not Path("/proc/self/cmdline").exists():  # macOS; slim containers have no ps
        ps = ["/bin/ps", "-xwwo", "pid=,command="]
        listing = subprocess.run(ps, capture_output=True, text=True, check=True)
        found = [line.strip().partition(" ") for line in listing.stdout.splitlines()]
        return [(int(pid), arguments) for pid, _, arguments in found]
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # it may end meanwhile
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
    return found


def processes_with(text):
    """The ids of the processes whose command line contains `text`, except the test's own."""
    return [pid for pid, line in processes() if str(text) in line and pid != os.getpid()]


def comes_true(condition, *, within=10.0):
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(path: Path, script: str):
    """Create a substitute for a program of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def until_banner(run):
    """The output up to the end of the banner, or all of it if the process ends earlier."""
    output = []
    for line in run.stdout:
        output.append(line)
        if "Ctrl-C stops" in line:
            break
    return "".join(output)


def obey_permissions():
    """Take from root the right to write anywhere, so that file modes apply to this process as to a developer's."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    if os.geteuid() == 0:
        for capability in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)

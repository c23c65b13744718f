"""What these tests see and do on the machine: other users of an engine, processes, ports and stand-in programs."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import boto3

from local import PROJECT, processes

USE_AN_ENGINE = """
import sys, time
from pathlib import Path
from local import engine
with engine.running(Path(sys.argv[1])) if sys.argv[1:] else engine.in_memory() as endpoint:
    print(endpoint, flush=True)
    time.sleep(600)
"""


class Notes:
    """A small table of an engine, to see whether what was written is there."""

    def __init__(self, endpoint):
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        self.client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="ap-south-1", **keys)

    def write(self, text):
        self.client.create_table(
            TableName="Notes",
            KeySchema=[{"AttributeName": "text", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "text", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client.put_item(TableName="Notes", Item={"text": {"S": text}})

    def read(self):
        return [item["text"]["S"] for item in self.client.scan(TableName="Notes")["Items"]]

    def tables(self):
        return self.client.list_tables()["TableNames"]


@contextmanager
def another_user(*arguments):
    """Another process that uses an engine: (process, endpoint). It is killed at the end, if not before."""
    command = [sys.executable, "-c", USE_AN_ENGINE, *map(str, arguments)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as user:
        try:
            yield user, user.stdout.readline().strip()
        finally:
            user.kill()


def running_for(folder):
    """The processes whose command line names this folder, the test's own excepted."""
    return [pid for pid, line in processes.command_lines() if str(folder) in line and pid != os.getpid()]


def engines_in(folder):
    return [pid for pid, owner in processes.engines().items() if owner == folder]


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
    """A stand-in for a program of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def until_banner(run):
    """What it says until it serves, or until it ends."""
    said = []
    for line in run.stdout:
        said.append(line)
        if "Ctrl-C stops" in line:
            break
    return "".join(said)


def obey_permissions():
    """Root may write anywhere; from here on this process may not, as for a developer."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    if os.geteuid() == 0:
        for capability in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)

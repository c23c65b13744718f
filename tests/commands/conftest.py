"""Run commands in this process, to test what they do, or in their own, to test how they end."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def run(engine):
    """Runs a command and returns its output. It raises CommandError where `manage.py` would exit with 1."""

    def run(*words: str) -> str:
        output = StringIO()
        call_command(*words, stdout=output)
        return output.getvalue()

    return run


@pytest.fixture
def manage(engine):
    """Starts `manage.py` in its own process; `finished` returns its result."""

    def manage(*words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "ordersite.settings", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return manage


@pytest.fixture
def finished():
    """Waits for the processes and returns the exit status, output and errors of each."""

    def finished(*processes: subprocess.Popen[str]) -> list[tuple[int, str, str]]:
        outputs = [process.communicate(timeout=60) for process in processes]
        return [(process.returncode, *output) for process, output in zip(processes, outputs, strict=True)]

    return finished

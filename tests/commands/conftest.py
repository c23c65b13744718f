"""Commands are run in this process where what they do is the point, and as an operator would where their end is."""

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
    """What the command prints; it raises CommandError where `manage.py` would end with 1."""

    def run(*words: str) -> str:
        output = StringIO()
        call_command(*words, stdout=output)
        return output.getvalue()

    return run


@pytest.fixture
def manage(engine):
    """Starts `manage.py` as a process of its own; give it back to `finished` for how it ended."""

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
    """The exit status, the output and the errors of each process."""

    def finished(*processes: subprocess.Popen[str]) -> list[tuple[int, str, str]]:
        outputs = [process.communicate(timeout=60) for process in processes]
        return [(process.returncode, *output) for process, output in zip(processes, outputs, strict=True)]

    return finished

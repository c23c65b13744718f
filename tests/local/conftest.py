"""Real engines and a real `make run`, each in a folder of its own; only the downloaded engine is the developer's."""

import os
import signal
from contextlib import suppress

import pytest

from tests.local.machine import Notes, running_for


@pytest.fixture
def notes():
    opened = []

    def open_notes(endpoint):
        opened.append(Notes(endpoint))
        return opened[-1]

    yield open_notes
    for one in opened:
        one.client.close()


@pytest.fixture
def folder(tmp_path):
    """Of a durable engine; whatever a failed test leaves running there is ended."""
    folder = (tmp_path / "dynamodb").resolve()
    yield folder
    for pid in running_for(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

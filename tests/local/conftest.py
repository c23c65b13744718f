"""Real engines and a real `make run`, each in its own folder, with the downloaded engine of this checkout."""

import os
import signal
from contextlib import suppress

import pytest

from local import downloads
from tests.local.machine import Notes, processes_with


@pytest.fixture
def notes():
    opened = []

    def open_notes(endpoint):
        opened.append(Notes(endpoint))
        return opened[-1]

    yield open_notes
    for table in opened:
        table.client.close()


@pytest.fixture
def notices(monkeypatch):
    """The notices about downloads, instead of showing them."""
    notices = []
    monkeypatch.setattr(downloads, "show", notices.append)
    return notices


@pytest.fixture
def folder(tmp_path):
    """The folder of a durable engine. Processes that a failed test leaves there are killed."""
    folder = (tmp_path / "dynamodb").resolve()
    yield folder
    for pid in processes_with(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

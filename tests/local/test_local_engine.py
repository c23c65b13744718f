import os
import signal
import socket
from pathlib import Path

import pytest

from local import artifacts, engine
from local.errors import LocalError
from tests.local.machine import another_user, comes_true, free_port, processes_with, program
from tests.signals import handled


@pytest.fixture
def default_hangup():
    """SIGHUP ends a process. Under `nohup`, the tests and all processes that they start ignore it."""
    with handled(signal.SIGHUP, signal.SIG_DFL):
        yield


@pytest.mark.usefixtures("default_hangup")
def test_the_engine_ends_with_its_user_and_its_data_survives_every_end(folder, notes):
    written = []
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
        with another_user(folder) as (user, endpoint):
            assert notes(endpoint).read() == written
            written = sorted([*written, f"before {number.name}"])
            notes(endpoint).write(f"before {number.name}")
            assert len(processes_with(folder)) > 1
            user.send_signal(number)
            user.wait()
            assert comes_true(lambda: processes_with(folder) == []), number

    with another_user(folder) as (user, endpoint):
        assert notes(endpoint).read() == written
        for pid in (user.pid, *processes_with(folder)):
            os.kill(pid, signal.SIGKILL)
        assert comes_true(lambda: processes_with(folder) == [])

    port = free_port()
    for _ in range(2):
        with engine.durable(folder, port=port) as started:
            assert started.endpoint == f"http://127.0.0.1:{port}"
            assert notes(started.endpoint).read() == written
        assert processes_with(folder) == []


def test_the_engine_ends_if_the_process_that_watches_its_user_is_killed(folder):
    with engine.durable(folder) as started:
        started.process.kill()
        started.process.wait()
        assert processes_with(folder) != []
    assert comes_true(lambda: processes_with(folder) == [])  # SIGKILL takes effect a moment later


def test_engines_in_memory_share_no_data_and_leave_no_files_also_if_their_user_is_killed(notes):
    with another_user() as (user, one), engine.in_memory() as other:
        notes(one).write("mine")
        assert notes(other).read() == []
        folders = _folders_of(one, other)
        assert all(folder.is_dir() for folder in folders)
        (folder,) = _folders_of(one)
        user.kill()
        assert comes_true(lambda: _processes_of(one) == [])
        assert comes_true(lambda: not folder.exists())

    assert _processes_of(one, other) == []
    assert not any(folder.exists() for folder in folders)


def test_the_engine_uses_a_free_port_if_the_preferred_one_is_taken(folder, notes):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with engine.durable(folder, port=port) as started:
            assert not started.endpoint.endswith(f":{port}")
            assert notes(started.endpoint).read() == []


def test_the_message_quotes_an_engine_that_does_not_start(folder, tmp_path, monkeypatch):
    java = 'case "$*" in *-version*) echo \'version "17.0.1"\' >&2;; *) echo "not enough memory"; exit 3;; esac'
    program(tmp_path / "jdk" / "bin" / "java", java)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))

    with pytest.raises(LocalError, match=r"ended with code 3:\nnot enough memory"), engine.durable(folder):
        pass

    assert processes_with(folder) == []


def test_data_of_a_newer_engine_is_refused_and_not_changed(folder):
    folder.mkdir()
    (folder / "version").write_text("99.0.0")

    with (
        pytest.raises(LocalError, match=r"written by engine 99\.0\.0, which is newer than"),
        engine.durable(folder),
    ):
        pass

    assert (folder / "version").read_text() == "99.0.0"


def test_data_of_an_older_engine_is_accepted(folder):
    folder.mkdir()
    (folder / "version").write_text("2.9.4")

    engine._record_version(folder, artifacts.ENGINE_VERSION)

    assert (folder / "version").read_text() == artifacts.ENGINE_VERSION


def _processes_of(*endpoints):
    return [pid for endpoint in endpoints for pid in processes_with(f"-port {endpoint.rpartition(':')[2]} ")]


def _folders_of(*endpoints):
    """The working directories of the engines at these endpoints (Linux only)."""
    return {Path(f"/proc/{pid}/cwd").readlink() for pid in _processes_of(*endpoints)}

import os
import signal
import socket

import pytest

from local import artifacts, engine, processes, state
from local.errors import DataFolderError, EngineStartError
from tests.local.machine import another_user, comes_true, engines_in, free_port, program, running_for


def test_what_was_written_is_there_after_everything_was_killed_and_after_an_orderly_end(folder, notes):
    with another_user(folder) as (user, endpoint):
        notes(endpoint).write("kept")
        for pid in (user.pid, state.read(folder).pid, *engines_in(folder)):
            os.kill(pid, signal.SIGKILL)
        assert comes_true(lambda: running_for(folder) == [])

    port = free_port()
    for _ in range(2):
        with engine.running(folder, port=port) as endpoint:
            assert endpoint == f"http://127.0.0.1:{port}"
            assert notes(endpoint).read() == ["kept"]
        assert running_for(folder) == []


def test_two_users_share_one_engine_and_the_last_one_out_stops_it_even_when_killed(folder):
    with another_user(folder) as (user, endpoint):
        with engine.running(folder) as mine:
            assert mine == endpoint
            assert len(engines_in(folder)) == 1
        assert len(engines_in(folder)) == 1
        user.kill()  # the kernel lets go of the lock that it held
        assert comes_true(lambda: running_for(folder) == [])


def test_an_engine_whose_keeper_was_killed_is_ended_by_the_next_user(folder, notes):
    with another_user(folder) as (user, endpoint):
        notes(endpoint).write("kept")
        (orphan,) = engines_in(folder)
        os.kill(state.read(folder).pid, signal.SIGKILL)
        user.kill()
        assert comes_true(lambda: not state.kept(folder))
        assert engines_in(folder) == [orphan]

    with engine.running(folder) as endpoint:
        assert orphan not in engines_in(folder)
        assert notes(endpoint).read() == ["kept"]


def test_engines_in_memory_are_apart_and_leave_nothing(notes):
    with engine.in_memory() as one, engine.in_memory() as other:
        notes(one).write("mine")
        assert notes(other).tables() == []
        folders = [owner for pid, owner in _engines_on(one, other)]
        assert all(folder.is_dir() for folder in folders)

    assert _engines_on(one, other) == []
    assert not any(folder.exists() for folder in folders)


def test_an_engine_in_memory_ends_when_its_user_is_killed():
    with another_user() as (user, endpoint):
        ((_, folder),) = _engines_on(endpoint)
        user.kill()
        assert comes_true(lambda: running_for(folder) == [])
        assert comes_true(lambda: not folder.exists())


def test_a_taken_port_is_no_obstacle(folder, notes):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with engine.running(folder, port=port) as endpoint:
            assert not endpoint.endswith(f":{port}")
            assert notes(endpoint).tables() == []


def test_an_engine_that_does_not_start_is_quoted(folder, tmp_path, monkeypatch):
    java = 'case "$*" in *-version*) echo \'version "17.0.1"\' >&2;; *) echo "no memory for you"; exit 3;; esac'
    program(tmp_path / "jdk" / "bin" / "java", java)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))

    with pytest.raises(EngineStartError, match=r"ended with code 3:\nno memory for you"), engine.running(folder):
        pass

    assert running_for(folder) == []


def test_data_of_a_newer_engine_is_left_alone(folder):
    folder.mkdir()
    (folder / "version").write_text("99.0.0")

    with pytest.raises(DataFolderError, match=r"written by engine 99\.0\.0, newer than"), engine.running(folder):
        pass

    assert (folder / "version").read_text() == "99.0.0"


def test_data_of_an_older_engine_is_taken_over(folder):
    folder.mkdir()
    (folder / "version").write_text("2.9.4")

    engine._claim(folder, artifacts.ENGINE_VERSION)

    assert (folder / "version").read_text() == artifacts.ENGINE_VERSION


def _engines_on(*endpoints):
    """Each engine that listens on the port of one of these endpoints: its process and its folder."""
    found = []
    for pid, line in processes.command_lines():
        if any(f"-port {endpoint.rpartition(':')[2]} " in line for endpoint in endpoints):
            found.append((pid, processes.engines().get(pid)))
    return found

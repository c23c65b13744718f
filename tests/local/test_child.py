import os
import subprocess
import sys

import pytest

from local import PROJECT, child
from tests.local.machine import comes_true, processes_with

PARENT = """
import sys, time
from pathlib import Path
from local import child
with child.running(["sh", "-c", sys.argv[2], sys.argv[1]], cwd=Path(sys.argv[1]), temporary=Path(sys.argv[1])):
    time.sleep(600)
"""
ENDS_AT_SIGTERM = "echo > ready; sleep 600"
IGNORES_SIGTERM = "trap '' TERM; echo > ready; while :; do sleep 1; done"
LEAVES_A_DESCENDANT = "(trap '' TERM; while :; do sleep 1; done) & echo > ready; sleep 600"
SCRIPTS = [ENDS_AT_SIGTERM, IGNORES_SIGTERM, LEAVES_A_DESCENDANT]
IDS = ["a command that ends at SIGTERM", "a command that ignores it", "a descendant that ignores it"]


@pytest.mark.parametrize("script", SCRIPTS, ids=IDS)
def test_all_descendants_end_and_the_folder_is_deleted_if_the_parent_is_killed(tmp_path, script):
    folder = tmp_path / "folder"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", PARENT, str(folder), script], cwd=PROJECT) as parent:
        assert comes_true((folder / "ready").exists)
        parent.kill()

    assert comes_true(lambda: processes_with(folder) == [], within=60)
    assert not folder.exists()


@pytest.mark.parametrize("script", SCRIPTS, ids=IDS)
def test_all_descendants_end_when_the_context_ends(tmp_path, script):
    with child.running(["sh", "-c", script, str(tmp_path)], cwd=tmp_path):
        assert comes_true((tmp_path / "ready").exists)

    assert comes_true(lambda: processes_with(tmp_path) == [])  # SIGKILL takes effect a moment later


def test_the_exit_code_is_the_one_of_the_command(tmp_path):
    with child.running(["sh", "-c", "exit 3"], cwd=tmp_path) as process:
        assert process.wait() == 3


def test_a_signal_of_the_terminal_does_not_reach_the_command(tmp_path):
    with child.running(["sh", "-c", "sleep 600"], cwd=tmp_path) as process:
        assert os.getsid(process.pid) != os.getsid(0)

"""The confirmation and the checks of `python -m deploy` before it changes anything."""

import builtins
import subprocess
import sys

import pytest

from deploy.__main__ import DeployError, _confirm, main
from deploy.stage import read_stage
from tests.deploy.servers import ACCOUNT, PROJECT


@pytest.fixture
def confirm(monkeypatch):
    """Asks for confirmation, with this text as the operator's input and without CONFIRM."""

    def confirm(text):
        monkeypatch.delenv("CONFIRM", raising=False)
        monkeypatch.setattr(builtins, "input", lambda _: text)
        _confirm(read_stage("prod", account=ACCOUNT))

    return confirm


@pytest.mark.parametrize("text", ["ordersite-prod", " ordersite-prod ", "prod"])
def test_entering_the_name_confirms_the_removal(confirm, text):
    confirm(text)


@pytest.mark.parametrize("text", ["", "y", "yes", "ordersite-staging"])
def test_any_other_input_removes_nothing(confirm, text):
    with pytest.raises(
        DeployError, match=r"^Nothing was removed\. To remove the stage, enter ordersite-prod or set CONFIRM=prod"
    ):
        confirm(text)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `python -m deploy` in this process. Returns its exit code and what it writes to standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["deploy", *arguments])
        return main(), capsys.readouterr().err

    return run


@pytest.mark.parametrize("command", ["update", "undeploy"])
def test_without_credentials_the_command_stops_and_names_the_check(run, operator, monkeypatch, command):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CONFIRM", "prod")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")
    code, errors = run(command, "prod")
    assert code == 1
    assert errors.strip() == (
        "AWS: Unable to locate credentials\nThe command stopped here. `python -m deploy check` shows what is missing."
    )


def test_an_unknown_stage_is_refused_with_the_known_ones(run):
    assert run("update", "live") == (1, "\nzappa_settings.json has no stage 'live', only prod, staging.\n")


def test_the_exit_code_is_that_of_the_command():
    done = subprocess.run([sys.executable, "-m", "deploy", "update", "live"], cwd=PROJECT, check=False)
    assert done.returncode == 1

"""The confirmation and the checks of `python -m deploy` before it changes anything."""

import builtins
import subprocess
import sys

import pytest

from deploy.__main__ import DeployError, _confirm
from deploy.stage import read_stage
from tests.deploy.measurement import measured
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


@pytest.mark.parametrize("command", ["update", "undeploy"])
def test_without_credentials_the_command_stops_and_names_the_check(cloud, command):
    no_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy", command, "prod"],
        cwd=PROJECT,
        env={**cloud.environment, **no_credentials, "CONFIRM": "prod", **measured()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "AWS: Unable to locate credentials\nThe command stopped here. `python -m deploy check` shows what is missing."
    )


def test_an_unknown_stage_is_refused_with_the_known_ones():
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "update", "live"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "zappa_settings.json has no stage 'live', only prod, staging."

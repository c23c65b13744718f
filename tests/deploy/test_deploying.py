"""What `python -m deploy` asks and refuses before it has changed anything."""

import builtins
import subprocess
import sys

import pytest

from deploy.__main__ import DeployError, _confirm
from deploy.stage import read_stage
from tests.deploy.machine import ACCOUNT, PROJECT


@pytest.fixture
def answer(monkeypatch):
    """What the operator types; CONFIRM is not set."""

    def answer(text):
        monkeypatch.delenv("CONFIRM", raising=False)
        monkeypatch.setattr(builtins, "input", lambda _: text)
        _confirm(read_stage("prod", account=ACCOUNT))

    return answer


@pytest.mark.parametrize("text", ["ordersite-prod", " ordersite-prod ", "prod"])
def test_who_names_the_stage_may_take_it_down(answer, text):
    answer(text)


@pytest.mark.parametrize("text", ["", "y", "yes", "ordersite-staging"])
def test_who_does_not_name_the_stage_takes_nothing_down(answer, text):
    with pytest.raises(DeployError, match=r"^Nothing was done\. Answer ordersite-prod, or give CONFIRM=prod"):
        answer(text)


@pytest.mark.parametrize("command", ["update", "undeploy"])
def test_without_credentials_nothing_is_done_and_it_is_said_where_to_look(cloud, command):
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy", command, "prod"],
        cwd=PROJECT,
        env={**cloud.environment, **nobody, "CONFIRM": "prod"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "AWS: Unable to locate credentials\nNothing more was done. `manage.py deploy_check` says what is missing."
    )


def test_a_stage_that_does_not_exist_is_refused_with_those_that_do():
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "update", "live"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "There is no stage 'live' in zappa_settings.json, only prod, staging."

"""What the steps of a deploy report when they fail."""

import sys
from dataclasses import replace

import boto3
import pytest

from deploy.__main__ import DeployError, _step
from deploy.gateway import set_throttling
from deploy.resources import create_table
from deploy.stage import read_stage
from deploy.target import StepFailedError, Target
from tests.deploy.servers import ACCOUNT, free_port


@pytest.fixture
def target(operator):
    """A stage that is not deployed."""
    return Target(replace(read_stage("prod", account=ACCOUNT), name="nowhere"), boto3.Session())


def test_a_failed_command_stops_the_deploy_with_its_title_and_output():
    with pytest.raises(DeployError, match=r"^Creating the package: failed\.\nno space left\n$"):
        _step("Creating the package", [sys.executable, "-c", "raise SystemExit('no space left')"], quiet=True)


def test_a_table_that_cannot_be_created_is_reported_in_one_line(target, monkeypatch):
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    with pytest.raises(StepFailedError) as failure:
        create_table(target)
    assert str(failure.value).endswith(f'Could not connect to the endpoint URL: "{url}/"')
    assert "\n" not in str(failure.value)


def test_a_stage_without_a_gateway_is_reported_with_the_name_of_the_api(target):
    with pytest.raises(StepFailedError, match=r"^API Gateway has no REST API named ordersite-nowhere\.$"):
        set_throttling(target)

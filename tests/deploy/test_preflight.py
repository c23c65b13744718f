"""What `deploy_check` says of each thing that stands in the way."""

import json
import subprocess
import sys

import pytest

from deploy.preflight import CheckFailedError, python_is_the_runtimes
from deploy.stage import read_stage
from tests.deploy.machine import ACCOUNT, PROJECT

PARAMETER = "/ordersite/staging"
WHOLE = {"SECRET_KEY": "k" * 60, "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/x", "ADMIN_PASSWORD": "hush"}


@pytest.fixture
def check(cloud):
    """`deploy_check staging` with this text in the parameter, from the developer's virtualenv."""

    def check(text, stage="staging", **variables):
        cloud.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=text, Overwrite=True)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", "deploy_check", stage],
            cwd=PROJECT,
            env={"SECRET_KEY": "none", **cloud.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "hush" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    return check


def test_a_database_that_cannot_be_reached_is_said_without_its_password(check):
    said = check(json.dumps(WHOLE))
    assert (
        "FAIL  PostgreSQL: PostgreSQL cannot be reached from here with the DATABASE_URL in /ordersite/staging" in said
    )
    assert "ok    secrets" in said


def test_sqlite_is_refused_with_what_to_write_instead(check):
    said = check(json.dumps({**WHOLE, "DATABASE_URL": "sqlite:///db.sqlite3"}))
    assert "SQLite will not do: write postgres://user:password@host:5432/name?sslmode=require." in said


def test_a_malformed_parameter_is_said_and_the_other_checks_are_made(check):
    said = check("{")
    assert "FAIL  secrets: The SSM parameter /ordersite/staging is not JSON" in said
    assert f"ok    AWS credentials (account {ACCOUNT})" in said
    assert "ok    bucket" in said


def test_a_virtualenv_with_more_than_the_runtimes_packages_is_refused(check):
    said = check(json.dumps(WHOLE))
    assert "FAIL  packages: " in said
    assert "`make deploy` makes a virtualenv that holds requirements.txt only; use it." in said


def test_missing_credentials_are_all_that_is_said(check):
    said = check("{}", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_EC2_METADATA_DISABLED="true")
    assert said.count("FAIL") == 1
    assert "FAIL  AWS credentials: Unable to locate credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID" in said


def test_an_unknown_stage_is_all_that_is_said(check):
    said = check("{}", stage="live")
    assert "FAIL  stage: There is no stage 'live' in zappa_settings.json, only prod, staging." in said
    assert said.count("FAIL") == 1


def test_a_python_that_is_not_the_runtimes_is_refused():
    stage = read_stage("prod", account=ACCOUNT)
    stage.config["runtime"] = "python3.99"
    with pytest.raises(
        CheckFailedError, match=r"the function's runtime python3\.99\. Deploy with make PYTHON=python3\.99"
    ):
        python_is_the_runtimes(stage)

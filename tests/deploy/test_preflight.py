"""What `deploy_check` says of each thing that stands in the way."""

import importlib.metadata
import json
import platform
import subprocess
import sys
from contextlib import suppress

import pytest

from deploy import preflight
from deploy.preflight import CheckFailedError
from deploy.stage import read_stage
from tests.deploy.machine import ACCOUNT, PROJECT, REGION

PARAMETER = "/ordersite/staging"
WHOLE = {"SECRET_KEY": "k" * 60, "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/x", "ADMIN_PASSWORD": "hush"}


@pytest.fixture
def check(cloud):
    """`deploy_check staging` with this text in the parameter, from the developer's virtualenv."""

    def check(text, stage="staging", **variables):
        cloud.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=text, Overwrite=True)
        done = subprocess.run(
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


def test_a_bucket_that_is_somebody_elses_is_refused_with_what_to_do(check, cloud):
    """S3 tells the owner of a bucket from others by 403; here it is a user who may do nothing that is the other."""
    iam = cloud.client("iam")
    iam.create_user(UserName="nobody")
    keys = iam.create_access_key(UserName="nobody")["AccessKey"]
    s3 = cloud.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=f"ordersite-deploy-{ACCOUNT}", CreateBucketConfiguration={"LocationConstraint": REGION})
    said = check(
        json.dumps(WHOLE), AWS_ACCESS_KEY_ID=keys["AccessKeyId"], AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"]
    )
    assert f"FAIL  bucket: ordersite-deploy-{ACCOUNT} is not ours to use" in said
    assert "Name another in s3_bucket of zappa_settings.json." in said


# --- One check at a time ----------------------------------------------------------------------------------------------


@pytest.fixture
def stage():
    return read_stage("prod", account=ACCOUNT)


def test_a_python_that_is_not_the_runtimes_is_refused(stage):
    stage.config["runtime"] = "python3.99"
    with pytest.raises(
        CheckFailedError, match=r"the function's runtime python3\.99\. Deploy with make PYTHON=python3\.99"
    ):
        preflight.python_is_the_runtimes(stage)


def test_a_machine_that_is_not_lambdas_is_refused(stage, monkeypatch):
    stage.config["runtime"] = "python{}.{}".format(*sys.version_info)
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    with pytest.raises(CheckFailedError, match=r"would not run on Lambda\. Deploy from Linux"):
        preflight.python_is_the_runtimes(stage)


def test_snapstart_where_lambda_has_none_is_refused_and_elsewhere_not(stage):
    stage.config.update(runtime="python3.11", snap_start="PublishedVersions")
    with pytest.raises(CheckFailedError, match=r"SnapStart wants python3\.12 or newer\. Change runtime, or"):
        preflight.snap_start_suits_the_runtime(stage)
    stage.config["runtime"] = "python3.12"
    preflight.snap_start_suits_the_runtime(stage)
    stage.config["runtime"] = "provided.al2023"
    preflight.snap_start_suits_the_runtime(stage)
    stage.config.update(runtime="python3.11", snap_start="None")
    preflight.snap_start_suits_the_runtime(stage)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("django==1.0", "django as requirements.txt pins it would not"),
        ("notinstalled==1.0", "notinstalled as requirements.txt pins it would not"),
        ("django==1.0 ; sys_platform == 'linux'", "django as requirements.txt pins it would not"),
    ],
)
def test_a_package_that_is_not_as_pinned_is_refused(stage, monkeypatch, tmp_path, line, said):
    pins = tmp_path / "requirements.txt"
    installed = {found.name: found.version for found in importlib.metadata.distributions()}
    name = line.partition("==")[0]
    others = [f"{known}=={version}" for known, version in installed.items() if known.lower() != name]
    pins.write_text("\n".join([*others, line, "colorama==0.1 ; sys_platform == 'win32'"]))
    monkeypatch.setattr(preflight, "REQUIREMENTS", pins)
    with pytest.raises(CheckFailedError, match=rf"^{said}\. `make deploy` makes a virtualenv"):
        preflight.only_runtime_packages(stage)
    pins.write_text(
        "\n".join(others + [f"{known}=={installed[known]}" for known in installed if known.lower() == name])
    )
    preflight.only_runtime_packages(stage)


def test_static_files_that_were_not_gathered_are_refused(stage, monkeypatch, tmp_path):
    monkeypatch.setattr(preflight, "PROJECT", tmp_path)
    with pytest.raises(CheckFailedError, match=r"run COLLECTED_STATIC=true manage\.py collectstatic"):
        preflight.static_files_are_gathered(stage)


def test_what_django_has_against_the_stages_settings_is_passed_on(stage):
    variables = stage.config["aws_environment_variables"]
    variables |= {"SSM_PARAMETER": "", "HTTPS_ONLY": "false"}
    with pytest.raises(CheckFailedError, match=r"manage\.py check --deploy says:[^$]*security\.W008"):
        preflight.django_has_no_objections(stage)


def test_settings_that_do_not_load_are_refused_in_one_line(stage):
    stage.config["aws_environment_variables"] |= {"SSM_PARAMETER": "", "ORDERS_EXPIRY_HOURS": "soon"}
    with pytest.raises(CheckFailedError) as refused:
        preflight.django_has_no_objections(stage)
    _, *lines = str(refused.value).splitlines()
    (line,) = lines
    assert line.strip() == "ORDERS_EXPIRY_HOURS is 'soon'; it must be a whole number from 1 to 87600."

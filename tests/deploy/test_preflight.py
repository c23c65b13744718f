"""Each check of `python -m deploy check` and what it reports on failure."""

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
from tests.deploy.measurement import measured
from tests.deploy.servers import ACCOUNT, PROJECT, REGION

PARAMETER = "/ordersite/staging"
SECRETS = {"SECRET_KEY": "k" * 60, "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/x", "ADMIN_PASSWORD": "hush"}


def put_parameter(cloud, text):
    cloud.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=text, Overwrite=True)


def output_of_check(cloud, text):
    """The output of `check staging` in the developer's virtual environment, with this text in the parameter."""
    put_parameter(cloud, text)
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "check", "staging"],
        cwd=PROJECT,
        env={**cloud.environment, **measured()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def output(cloud):
    return output_of_check(cloud, json.dumps(SECRETS))


def test_an_unreachable_database_is_reported_without_its_password(output):
    failure = "Cannot connect from this machine to PostgreSQL with the DATABASE_URL in /ordersite/staging"
    assert f"FAIL  PostgreSQL: {failure}" in output
    assert "ok    secrets" in output


def test_a_virtual_environment_with_other_packages_is_refused(output):
    assert "FAIL  packages: " in output
    assert "Use `make deploy`, which creates one with exactly these packages." in output


def test_a_malformed_parameter_is_reported_and_the_other_checks_still_run(cloud):
    output = output_of_check(cloud, "{")
    assert "FAIL  secrets: The SSM parameter /ordersite/staging is not JSON" in output
    assert f"ok    AWS credentials (account {ACCOUNT})" in output
    assert "ok    bucket" in output


def test_without_credentials_no_other_check_runs(operator, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")
    (result,) = preflight.run_checks("staging")
    assert str(result).startswith(
        "FAIL  AWS credentials: Unable to locate credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID"
    )


def test_for_an_unknown_stage_no_other_check_runs():
    (result,) = preflight.run_checks("live")
    assert str(result) == "FAIL  stage: zappa_settings.json has no stage 'live', only prod, staging."


# --- One check at a time ----------------------------------------------------------------------------------------------


@pytest.fixture
def stage():
    return read_stage("prod", account=ACCOUNT)


def test_sqlite_is_refused_with_an_example_of_a_valid_url(operator):
    put_parameter(operator, json.dumps({**SECRETS, "DATABASE_URL": "sqlite:///hush.sqlite3"}))
    with pytest.raises(CheckFailedError) as refused:
        preflight.check_postgresql(read_stage("staging", account=ACCOUNT))
    assert "SQLite does not work on Lambda, which does not keep files." in str(refused.value)
    assert "Use postgres://user:password@host:5432/name?sslmode=require." in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_bucket_of_another_account_is_refused(operator, stage, monkeypatch):
    """S3 returns 403 to other accounts. The test gets it as a user without permissions."""
    iam = operator.client("iam")
    iam.create_user(UserName="stranger")
    keys = iam.create_access_key(UserName="stranger")["AccessKey"]
    s3 = operator.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=stage.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    with pytest.raises(CheckFailedError) as refused:
        preflight.check_bucket(stage)
    assert str(refused.value).startswith(f"Cannot use the bucket ordersite-deploy-{ACCOUNT}")
    assert "Set another s3_bucket in zappa_settings.json." in str(refused.value)


def test_a_python_other_than_the_runtime_is_refused(stage):
    stage.config["runtime"] = "python3.99"
    with pytest.raises(
        CheckFailedError, match=r"the function's runtime is python3\.99\. Deploy with make PYTHON=python3\.99"
    ):
        preflight.check_python(stage)


def test_another_processor_architecture_than_lambdas_is_refused(stage, monkeypatch):
    stage.config["runtime"] = "python{}.{}".format(*sys.version_info)
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    with pytest.raises(CheckFailedError, match=r"do not run on Lambda\. Deploy from Linux"):
        preflight.check_python(stage)


def test_snapstart_is_refused_only_for_runtimes_without_it(stage):
    stage.config.update(runtime="python3.11", snap_start="PublishedVersions")
    with pytest.raises(
        CheckFailedError, match=r"SnapStart needs python3\.12 or newer, but runtime is python3\.11\. Change runtime, or"
    ):
        preflight.check_snap_start(stage)
    stage.config["runtime"] = "python3.12"
    preflight.check_snap_start(stage)
    stage.config["runtime"] = "provided.al2023"
    preflight.check_snap_start(stage)
    stage.config.update(runtime="python3.11", snap_start="None")
    preflight.check_snap_start(stage)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("django==1.0", "django not installed as pinned"),
        ("notinstalled==1.0", "notinstalled not installed as pinned"),
        ("django==1.0 ; sys_platform == 'linux'", "django not installed as pinned"),
    ],
)
def test_a_package_in_another_version_is_refused(stage, monkeypatch, tmp_path, line, problem):
    pins = tmp_path / "requirements.txt"
    installed = {found.name: found.version for found in importlib.metadata.distributions()}
    name = line.partition("==")[0]
    others = [f"{known}=={version}" for known, version in installed.items() if known.lower() != name]
    pins.write_text("\n".join([*others, line, "colorama==0.1 ; sys_platform == 'win32'"]))
    monkeypatch.setattr(preflight, "REQUIREMENTS", pins)
    with pytest.raises(
        CheckFailedError, match=rf"differs from requirements\.txt: {problem}\. Use `make deploy`, which creates one"
    ):
        preflight.check_packages(stage)
    pins.write_text(
        "\n".join(others + [f"{known}=={installed[known]}" for known in installed if known.lower() == name])
    )
    preflight.check_packages(stage)


def test_missing_static_files_are_refused(stage, monkeypatch, tmp_path):
    monkeypatch.setattr(preflight, "PROJECT", tmp_path)
    with pytest.raises(CheckFailedError, match=r"run COLLECTED_STATIC=true manage\.py collectstatic"):
        preflight.check_static_files(stage)


def test_warnings_of_check_deploy_are_reported(stage):
    variables = stage.config["aws_environment_variables"]
    variables |= {"SSM_PARAMETER": "", "HTTPS_ONLY": "false"}
    with pytest.raises(CheckFailedError, match=r"manage\.py check --deploy failed:[^$]*security\.W008"):
        preflight.check_settings(stage)


def test_settings_that_do_not_load_are_reported_in_one_line(stage):
    stage.config["aws_environment_variables"] |= {"SSM_PARAMETER": "", "ORDERS_EXPIRY_HOURS": "soon"}
    with pytest.raises(CheckFailedError) as refused:
        preflight.check_settings(stage)
    _, *lines = str(refused.value).splitlines()
    (line,) = lines
    assert line.strip() == "ORDERS_EXPIRY_HOURS is 'soon'; it must be a whole number from 1 to 87600."

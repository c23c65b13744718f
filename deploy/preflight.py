"""Checks before a deploy. They change nothing, and the message of each failure explains what to do."""

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import boto3
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured

from deploy import PROJECT
from deploy.stage import Stage, UnknownStageError, read_stage
from ordersite.secrets import read_secrets

UNKNOWN_ACCOUNT = "000000000000"
DATABASE_TIMEOUT_SECONDS = 5
REQUIREMENTS = PROJECT / "requirements.txt"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)( ;[^\n\\]*)?", re.MULTILINE)
SNAP_START_MINIMUM = 12
"""The oldest minor version of Python 3 for which Lambda supports SnapStart."""
IN_EVERY_VIRTUALENV = frozenset({"pip"})


class CheckFailedError(Exception):
    """A check failed. The message contains the reason and what to do."""


@dataclass(frozen=True)
class CheckResult:
    name: str
    failure: str = ""

    @property
    def passed(self) -> bool:
        return not self.failure

    def __str__(self) -> str:
        return f"ok    {self.name}" if self.passed else f"FAIL  {self.name}: {self.failure}"


def run_checks(stage_name: str) -> Iterator[CheckResult]:
    """Yield the result of every check, or only one failure if the stage or the credentials are missing."""
    try:
        stage = read_stage(stage_name, account=UNKNOWN_ACCOUNT)
        account = _account(stage)
    except UnknownStageError as error:
        yield CheckResult("stage", str(error))
        return
    except (BotoCoreError, ClientError) as error:
        yield CheckResult(
            "AWS credentials",
            f"{error}. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, of a user who may deploy.",
        )
        return
    yield CheckResult(f"AWS credentials (account {account})")
    yield from _results(read_stage(stage_name, account=account))


def _results(stage: Stage) -> Iterator[CheckResult]:
    for name, check in CHECKS.items():
        try:
            check(stage)
        except (BotoCoreError, ClientError, CheckFailedError, ImproperlyConfigured) as error:
            yield CheckResult(name, str(error))
        else:
            yield CheckResult(name)


def _account(stage: Stage) -> str:
    return str(boto3.client("sts", region_name=stage.region).get_caller_identity()["Account"])


def check_bucket(stage: Stage) -> None:
    """The bucket for the zip must belong to this account, or its name must be available."""
    s3 = boto3.client("s3", region_name=stage.region)
    try:
        s3.head_bucket(Bucket=stage.bucket)
    except ClientError as error:
        # Zappa creates a missing bucket.
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise CheckFailedError(
                f"Cannot use the bucket {stage.bucket} ({error}). Set another s3_bucket in zappa_settings.json."
            ) from None


def check_secrets(stage: Stage) -> None:
    read_secrets(stage.parameter, region=stage.region)


def check_postgresql(stage: Stage) -> None:
    """PostgreSQL must accept a connection from this machine."""
    url = read_secrets(stage.parameter, region=stage.region)["DATABASE_URL"]
    if not url.startswith(("postgres://", "postgresql://")):
        raise CheckFailedError(
            f"DATABASE_URL in {stage.parameter} is not a PostgreSQL URL. SQLite does not work on Lambda, which does "
            "not keep files. Use postgres://user:password@host:5432/name?sslmode=require."
        )
    try:
        psycopg.connect(url, connect_timeout=DATABASE_TIMEOUT_SECONDS).close()
    except psycopg.Error as error:
        # The URL and the driver's message may contain the password.
        raise CheckFailedError(
            f"Cannot connect from this machine to PostgreSQL with the DATABASE_URL in {stage.parameter} "
            f"({type(error).__name__}). Check host, port, name, password and firewall."
        ) from None


def check_python(stage: Stage) -> None:
    """Compiled packages and bytecode work only with the same minor version, system and architecture."""
    here, runtime = "python{}.{}".format(*sys.version_info), stage.config["runtime"]
    if here != runtime:
        raise CheckFailedError(
            f"this is {here}, but the function's runtime is {runtime}. Deploy with make PYTHON={runtime} …, or change "
            "runtime in zappa_settings.json."
        )
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CheckFailedError(
            "packages for this machine do not run on Lambda. Deploy from Linux on x86_64, for example in the "
            f"container image public.ecr.aws/sam/build-{runtime}."
        )


def check_snap_start(stage: Stage) -> None:
    """Lambda refuses SnapStart with an unsupported runtime, but only in the middle of the deploy.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
    """
    runtime = stage.config["runtime"]
    minor = runtime.removeprefix("python3.")
    # check_python refuses other runtimes.
    if stage.config["snap_start"] != "None" and minor.isdecimal() and int(minor) < SNAP_START_MINIMUM:
        raise CheckFailedError(
            f"SnapStart needs python3.{SNAP_START_MINIMUM} or newer, but runtime is {runtime}. Change runtime, or set "
            'snap_start to "None", in zappa_settings.json.'
        )


def check_packages(stage: Stage) -> None:
    """Zappa packs the whole virtual environment, so it must contain exactly the packages of requirements.txt."""
    pins = {_canonical(name): (version, marker) for name, version, marker in PIN.findall(REQUIREMENTS.read_text())}
    installed = {_canonical(found.name): found.version for found in importlib.metadata.distributions()}
    unexpected = installed.keys() - pins.keys() - IN_EVERY_VIRTUALENV
    # A package with a marker may not be needed on this machine.
    different = {name for name, (pin, marker) in pins.items() if installed.get(name, pin if marker else "") != pin}
    if unexpected or different:
        problems = [f"{_summary(unexpected)} not in requirements.txt"] if unexpected else []
        problems += [f"{_summary(different)} not installed as pinned"] if different else []
        raise CheckFailedError(
            f"this virtual environment differs from requirements.txt: {'; '.join(problems)}. Use `make deploy`, which "
            "creates one with exactly these packages."
        )


def _summary(names: Iterable[str]) -> str:
    first, *others = sorted(names)
    return f"{first} and {len(others)} more" if others else first


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_static_files(stage: Stage) -> None:
    if not (PROJECT / "staticfiles" / "staticfiles.json").is_file():
        raise CheckFailedError("run COLLECTED_STATIC=true manage.py collectstatic (make deploy does) and try again.")


def check_settings(stage: Stage) -> None:
    """`check --deploy` must pass with the stage's settings."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level=WARNING"],
        cwd=PROJECT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": stage.config["django_settings"],
            "AWS_REGION": stage.region,
            **stage.environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
        # If the settings cannot be loaded, the last line of the traceback contains the reason.
        lines = lines[-1:] if lines and lines[0].startswith("Traceback") else lines
        raise CheckFailedError("\n      ".join(["manage.py check --deploy failed:", *lines]))


CHECKS: dict[str, Callable[[Stage], None]] = {
    "bucket": check_bucket,
    "secrets": check_secrets,
    "PostgreSQL": check_postgresql,
    "Python": check_python,
    "SnapStart": check_snap_start,
    "packages": check_packages,
    "static files": check_static_files,
    "settings": check_settings,
}

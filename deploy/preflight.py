"""What must hold before a deploy, each with what to do where it does not. Nothing here changes anything."""

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
DATABASE_PATIENCE = 5
REQUIREMENTS = PROJECT / "requirements.txt"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)( ;.*)?$", re.MULTILINE)
SNAP_START_FROM = 12
VIRTUALENVS_OWN = frozenset({"pip"})


class CheckFailedError(Exception):
    """Something stands in the way of a deploy; the text says what, and what to do."""


@dataclass(frozen=True)
class Finding:
    name: str
    failure: str = ""

    @property
    def passed(self) -> bool:
        return not self.failure

    def __str__(self) -> str:
        return f"ok    {self.name}" if self.passed else f"FAIL  {self.name}: {self.failure}"


def checked(stage_name: str) -> Iterator[Finding]:
    """Every check's finding, one after the other. Without credentials or such a stage, only that."""
    try:
        stage = read_stage(stage_name, account=UNKNOWN_ACCOUNT)
        account = _account(stage)
    except UnknownStageError as error:
        yield Finding("stage", str(error))
        return
    except (BotoCoreError, ClientError) as error:
        yield Finding(
            "AWS credentials",
            f"{error}. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, of a user who may deploy.",
        )
        return
    yield Finding(f"AWS credentials (account {account})")
    yield from _findings(read_stage(stage_name, account=account))


def _findings(stage: Stage) -> Iterator[Finding]:
    for name, check in CHECKS.items():
        try:
            check(stage)
        except (BotoCoreError, ClientError, CheckFailedError, ImproperlyConfigured) as error:
            yield Finding(name, str(error))
        else:
            yield Finding(name)


def _account(stage: Stage) -> str:
    return str(boto3.client("sts", region_name=stage.region).get_caller_identity()["Account"])


def bucket_is_ours(stage: Stage) -> None:
    """The bucket that carries the zip is there, or can be made: its name is nobody else's."""
    s3 = boto3.client("s3", region_name=stage.region)
    try:
        s3.head_bucket(Bucket=stage.bucket)
    except ClientError as error:
        # Zappa makes one that is not there.
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise CheckFailedError(
                f"{stage.bucket} is not ours to use ({error}). Name another in s3_bucket of zappa_settings.json."
            ) from None


def secrets_are_complete(stage: Stage) -> None:
    read_secrets(stage.parameter, region=stage.region)


def database_answers(stage: Stage) -> None:
    """PostgreSQL, reached from here with the URL of the parameter."""
    url = read_secrets(stage.parameter, region=stage.region)["DATABASE_URL"]
    if not url.startswith(("postgres://", "postgresql://")):
        raise CheckFailedError(
            f"DATABASE_URL in {stage.parameter} is no PostgreSQL URL. A Lambda's disk is not kept, so SQLite will not "
            "do: write postgres://user:password@host:5432/name?sslmode=require."
        )
    try:
        psycopg.connect(url, connect_timeout=DATABASE_PATIENCE).close()
    except psycopg.Error as error:
        # Neither the URL nor the driver's text is repeated: both may hold the password.
        raise CheckFailedError(
            f"PostgreSQL cannot be reached from here with the DATABASE_URL in {stage.parameter} "
            f"({type(error).__name__}). Check host, port, name, password, and who may connect."
        ) from None


def python_is_the_runtimes(stage: Stage) -> None:
    """Compiled packages and bytecode fit one minor version and one kind of machine."""
    here, runtime = "python{}.{}".format(*sys.version_info), stage.config["runtime"]
    if here != runtime:
        raise CheckFailedError(
            f"this is {here} and the function's runtime {runtime}. Deploy with make PYTHON={runtime} …, or change "
            "runtime in zappa_settings.json."
        )
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CheckFailedError(
            "packages for this machine would not run on Lambda. Deploy from Linux on x86_64, for example in the "
            "container image public.ecr.aws/sam/build-" + runtime + "."
        )


def snap_start_suits_the_runtime(stage: Stage) -> None:
    """Lambda would refuse it half way: https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html."""
    runtime = stage.config["runtime"]
    minor = runtime.removeprefix("python3.")
    # What is no Python at all is the other check's to refuse.
    if stage.config["snap_start"] != "None" and minor.isdecimal() and int(minor) < SNAP_START_FROM:
        raise CheckFailedError(
            f"snap_start is on with runtime {runtime}, and SnapStart wants python3.{SNAP_START_FROM} or newer. Change "
            'runtime, or set snap_start to "None", in zappa_settings.json.'
        )


def only_runtime_packages(stage: Stage) -> None:
    """Zappa ships the whole virtualenv; so it must hold what requirements.txt names, in these versions, and no more."""
    pins = {_canonical(name): (version, marker) for name, version, marker in PIN.findall(REQUIREMENTS.read_text())}
    installed = {_canonical(found.name): found.version for found in importlib.metadata.distributions()}
    strangers = installed.keys() - pins.keys() - VIRTUALENVS_OWN
    # A line with a marker is for some machines only, and this may be none of them.
    others = {name for name, (pin, marker) in pins.items() if installed.get(name, pin if marker else "") != pin}
    if strangers or others:
        said = [f"{_some(strangers)} would be shipped"] if strangers else []
        said += [f"{_some(others)} as requirements.txt pins it would not"] if others else []
        raise CheckFailedError(
            f"{', and '.join(said)}. `make deploy` makes a virtualenv that holds requirements.txt only; use it."
        )


def _some(names: Iterable[str]) -> str:
    first, *others = sorted(names)
    return f"{first} and {len(others)} more" if others else first


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def static_files_are_gathered(stage: Stage) -> None:
    if not (PROJECT / "staticfiles" / "staticfiles.json").is_file():
        raise CheckFailedError("run COLLECTED_STATIC=true manage.py collectstatic (make deploy does) and try again.")


def django_has_no_objections(stage: Stage) -> None:
    """`check --deploy` under the stage's own settings."""
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
        said = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
        # Settings that do not even load say why in the last line of a traceback.
        said = said[-1:] if said and said[0].startswith("Traceback") else said
        raise CheckFailedError("\n      ".join(["manage.py check --deploy says:", *said]))


CHECKS: dict[str, Callable[[Stage], None]] = {
    "bucket": bucket_is_ours,
    "secrets": secrets_are_complete,
    "PostgreSQL": database_answers,
    "Python": python_is_the_runtimes,
    "SnapStart": snap_start_suits_the_runtime,
    "packages": only_runtime_packages,
    "static files": static_files_are_gathered,
    "settings": django_has_no_objections,
}

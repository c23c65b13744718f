"""`python -m deploy deploy|update|undeploy|package STAGE`, from a virtualenv that holds requirements.txt only."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import PROJECT, package
from deploy.after import StepFailedError, Target, api_id, find_api, take_down
from deploy.smoke import SmokeError, smoke
from deploy.stage import Stage, UnknownStageError, read_stage

# Commands that run here need no secret, so none is to be in their way.
WITHOUT_SECRETS = {"SECRET_KEY": "none", "COLLECTED_STATIC": "true", "SSM_PARAMETER": ""}


class DeployError(Exception):
    """The deploy ended before its end; the text says at which step."""


class Presence(Enum):
    """What there is of a stage in AWS."""

    NONE = auto()
    HALF = auto()
    """Its function, and no gateway to it: a deploy ended in between."""
    WHOLE = auto()


def main() -> int:
    parser = ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("stage")
    chosen = parser.parse_args()
    try:
        COMMANDS[chosen.command](chosen.stage)
    except (DeployError, SmokeError, StepFailedError, UnknownStageError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"\nAWS: {error}\nNothing more was done. `manage.py deploy_check` says what is missing.", file=sys.stderr)
        return 1
    return 0


def deploy(name: str) -> None:
    """Bring a stage to AWS, whatever part of it a former deploy has made: safe to repeat."""
    _check(name)
    stage = _stage(name)
    present = presence(stage)
    if present is Presence.HALF:
        # Zappa goes neither on from here nor back by itself.
        _step("Taking back a deploy that ended before its gateway", _zappa("undeploy", name, "--yes"))
    _release(stage, "update" if present is Presence.WHOLE else "deploy")


def update(name: str) -> None:
    """New code and settings for a stage that is there. Migrations run after; so they have to suit the old code too."""
    stage = _stage(name)
    if presence(stage) is not Presence.WHOLE:
        raise DeployError(f"{stage.function} is not there to be updated: make deploy STAGE={name}")
    _check(name)
    _release(stage, "update")


def undeploy(name: str) -> None:
    """Take the stage down. Its table, with all orders, the PostgreSQL database and the logs stay."""
    stage = _stage(name)
    _confirm(stage)
    _step("Taking the stage down", _zappa("undeploy", name, "--yes"))
    for sentence in take_down(stage, boto3.Session()):
        print(sentence)
    print(f"Table {stage.orders_table} and its orders are untouched, and so are the logs and PostgreSQL.")


def _confirm(stage: Stage) -> None:
    """Raises DeployError unless the operator has named the stage a second time."""
    given = os.environ.get("CONFIRM") or _asked(f"This takes {stage.function} down. Its name, to go on: ")
    if given not in (stage.name, stage.function):
        raise DeployError(f"Nothing was done. Answer {stage.function}, or give CONFIRM={stage.name}, to take it down.")


def _asked(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def build(name: str) -> None:
    """Make the zip, and say what it is made of."""
    _collect_static()
    file = PROJECT / f"ordersite-{name}.zip"
    _step("Making the package", _zappa("package", name, "--output", file.name), quiet=True)
    print(package.report(file, least=50_000))
    print(file.name)


def _check(name: str) -> None:
    _collect_static()
    _step("Checking", [sys.executable, "manage.py", "deploy_check", name])


def _release(stage: Stage, command: str) -> None:
    _step(f"Zappa: {command}", _zappa(command, stage.name))
    for line in ("migrate --noinput", "ensure_admin"):
        _step(f"On the function: manage.py {line}", _zappa("manage", stage.name, line))
    url = endpoint(stage)
    print("\n== Asking the public URL")
    for sentence in smoke(url, by_way_of=os.environ.get("GATEWAY_ADDRESS", "")):
        print(sentence)
    _print_outputs(stage, url)


def presence(stage: Stage) -> Presence:
    target = Target(stage, boto3.Session())
    functions = target.client("lambda")
    try:
        functions.get_function_configuration(FunctionName=stage.function)
    except functions.exceptions.ResourceNotFoundException:
        return Presence.NONE
    return Presence.HALF if find_api(target) is None else Presence.WHOLE


def endpoint(stage: Stage) -> str:
    """The stage's public URL."""
    api = api_id(Target(stage, boto3.Session()))
    return f"https://{api}.execute-api.{stage.region}.amazonaws.com/{stage.name}"


def _print_outputs(stage: Stage, url: str) -> None:
    outputs = {
        "API endpoint": url + "/orders",
        "Function name": stage.function,
        "Table name": stage.orders_table,
        "Rule and schedule": f"{stage.rule}, {stage.schedule}",
        "Dashboard URL": url + "/dashboard/",
    }
    print()
    for what, value in outputs.items():
        print(f"{what + ':':<19}{value}")


def _collect_static() -> None:
    gather = [sys.executable, "manage.py", "collectstatic", "--noinput", "--clear"]
    unused = (f"--ignore={pattern}" for pattern in package.UNUSED_STATIC)
    _step("Gathering static files", [*gather, *unused], quiet=True)


def _zappa(command: str, stage: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("zappa")), command, stage, *arguments]


def _stage(name: str) -> Stage:
    region = read_stage(name, account="").region
    return read_stage(name, account=boto3.client("sts", region_name=region).get_caller_identity()["Account"])


def _step(what: str, command: list[str], *, quiet: bool = False) -> None:
    """Raises DeployError."""
    print(f"\n== {what}", flush=True)
    # Zappa ships the virtualenv that it believes itself to be in.
    environment = {**os.environ, **WITHOUT_SECRETS, "VIRTUAL_ENV": sys.prefix}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=quiet, text=True, check=False)
    if done.returncode:
        raise DeployError(f"{what}: failed.\n{done.stderr or ''}")


COMMANDS: dict[str, Callable[[str], None]] = {
    "deploy": deploy,
    "update": update,
    "undeploy": undeploy,
    "package": build,
}

if __name__ == "__main__":
    sys.exit(main())

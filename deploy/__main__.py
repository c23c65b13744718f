"""`python -m deploy check|deploy|update|undeploy|package [STAGE]`.

All except `check` need a virtual environment with only the packages of requirements.txt; `make` creates it.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import PROJECT, package
from deploy.function import manage
from deploy.preflight import run_checks
from deploy.resources import remove_resources
from deploy.smoke import SmokeError, smoke
from deploy.stage import Stage, UnknownStageError, read_stage
from deploy.target import StepFailedError, Target, api_id, find_api

# Steps on this machine do not use secrets and must not fail without them.
WITHOUT_SECRETS = {"SECRET_KEY": "none", "COLLECTED_STATIC": "true", "SSM_PARAMETER": ""}


class DeployError(Exception):
    """The command stopped. The message names the step and the reason."""


class Presence(Enum):
    """How much of a stage exists in AWS."""

    NONE = auto()
    PARTIAL = auto()
    """The function exists without its API, because an earlier deploy was interrupted."""
    COMPLETE = auto()


def main() -> int:
    options = _parser().parse_args()
    try:
        COMMANDS[options.command].run(options.stage)
    except (DeployError, SmokeError, StepFailedError, UnknownStageError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(
            f"\nAWS: {error}\nThe command stopped here. `python -m deploy check` shows what is missing.",
            file=sys.stderr,
        )
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m deploy", description="Deploy a stage of zappa_settings.json to AWS.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help, description=command.help)
        subparser.add_argument("stage", nargs="?", default="prod", help="a stage of zappa_settings.json (prod)")
    return parser


def check(name: str) -> None:
    """Print the result of each check. Raises DeployError if one failed."""
    failures = 0
    for result in run_checks(name):
        failures += not result.passed
        print(result, flush=True)
    if failures:
        raise DeployError(f"{failures} of the checks failed. Nothing was deployed.")


def deploy(name: str) -> None:
    """Create or update a stage. Can be repeated at any time, even after an interrupted deploy."""
    _prepare(name)
    target = _target(name)
    present = presence(target)
    if present is Presence.PARTIAL:
        # Zappa can neither continue from this state nor clean up by itself.
        _step("Removing an incomplete deploy", _zappa("undeploy", name, "--yes"))
    _release(target, "update" if present is Presence.COMPLETE else "deploy")


def update(name: str) -> None:
    """Deploy new code and settings. Migrations run afterwards, so the new code must also work before them."""
    target = _target(name)
    if presence(target) is not Presence.COMPLETE:
        raise DeployError(f"{target.stage.function} is not deployed yet. Run: make deploy STAGE={name}")
    _prepare(name)
    _release(target, "update")


def undeploy(name: str) -> None:
    """Remove the stage, but not its table with the orders, the PostgreSQL database and the logs."""
    stage, session = _target(name)
    _confirm(stage)
    _step("Removing the stage", _zappa("undeploy", name, "--yes"))
    for line in remove_resources(stage, session):
        print(line)
    print(f"Table {stage.orders_table} and its orders, the logs and PostgreSQL were not changed.")


def build(name: str) -> None:
    """Create the zip and print its contents by size."""
    _collect_static()
    file = PROJECT / f"ordersite-{name}.zip"
    _step("Creating the package", _zappa("package", name, "--output", file.name), quiet=True)
    print(package.report(file, min_size=50_000))
    print(file.name)


def _confirm(stage: Stage) -> None:
    """Raises DeployError unless the operator has confirmed by entering the stage's name."""
    name = os.environ.get("CONFIRM") or _ask(f"This removes {stage.function}. Enter its name to continue: ")
    if name not in (stage.name, stage.function):
        raise DeployError(
            f"Nothing was removed. To remove the stage, enter {stage.function} or set CONFIRM={stage.name}."
        )


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _prepare(name: str) -> None:
    _collect_static()
    print("\n== Checking", flush=True)
    check(name)


def _release(target: Target, command: str) -> None:
    _step(f"Zappa: {command}", _zappa(command, target.stage.name))
    for line in ("migrate --noinput", "ensure_admin"):
        print(f"\n== On the function: manage.py {line}", flush=True)
        print(manage(target, line))
    url = endpoint(target)
    print("\n== Checking the public URL")
    for line in smoke(url, gateway_address=os.environ.get("GATEWAY_ADDRESS", "")):
        print(line)
    _print_outputs(target.stage, url)


def presence(target: Target) -> Presence:
    functions = target.client("lambda")
    try:
        functions.get_function_configuration(FunctionName=target.stage.function)
    except functions.exceptions.ResourceNotFoundException:
        return Presence.NONE
    return Presence.PARTIAL if find_api(target) is None else Presence.COMPLETE


def endpoint(target: Target) -> str:
    """The stage's public URL."""
    return f"https://{api_id(target)}.execute-api.{target.stage.region}.amazonaws.com/{target.stage.name}"


def _print_outputs(stage: Stage, url: str) -> None:
    outputs = {
        "API endpoint": url + "/orders",
        "Function name": stage.function,
        "Table name": stage.orders_table,
        "Rule and schedule": f"{stage.rule}, {stage.schedule}",
        "Dashboard URL": url + "/dashboard/",
    }
    print()
    for name, value in outputs.items():
        print(f"{name + ':':<19}{value}")


def _collect_static() -> None:
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--clear"]
    unused = (f"--ignore={pattern}" for pattern in package.UNUSED_STATIC)
    _step("Collecting static files", [*collect, *unused], quiet=True)


def _zappa(command: str, stage: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("zappa")), command, stage, *arguments]


def _target(name: str) -> Target:
    # One session, because each reads the descriptions of the services again.
    region, session = read_stage(name, account="").region, boto3.Session()
    account = session.client("sts", region_name=region).get_caller_identity()["Account"]
    return Target(read_stage(name, account=account), session)


def _step(title: str, command: list[str], *, quiet: bool = False) -> None:
    """Raises DeployError if the command fails."""
    print(f"\n== {title}", flush=True)
    # Zappa refuses to package outside of an active virtual environment.
    environment = {**os.environ, **WITHOUT_SECRETS, "VIRTUAL_ENV": sys.prefix}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=quiet, text=True, check=False)
    if done.returncode:
        raise DeployError(f"{title}: failed.\n{done.stderr or ''}")


class Command(NamedTuple):
    run: Callable[[str], None]
    help: str


COMMANDS = {
    "check": Command(check, "check whether a stage can be deployed from this machine"),
    "deploy": Command(deploy, "check, deploy, migrate and test a stage; can be repeated"),
    "update": Command(update, "the same for a stage that is already deployed"),
    "undeploy": Command(undeploy, "remove a stage, but not its table, orders, database and logs"),
    "package": Command(build, "create the zip for Lambda and show its contents"),
}

if __name__ == "__main__":
    sys.exit(main())

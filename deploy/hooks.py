"""The functions that Zappa calls, as configured in zappa_settings.json.

Zappa loads this file by its path and not as part of the package, so the file adds the project to the import path.
"""

import os
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from deploy import package  # noqa: E402 (needs the path above)
from deploy.resources import create_resources  # noqa: E402
from deploy.stage import Stage, read_stage  # noqa: E402

ZappaCLI = Any


def fill_placeholders(cli: ZappaCLI) -> None:
    """Called when the settings have been read: adds the account number, which no file contains, and the exclusions."""
    cli.override_stage_config_setting("exclude_glob", [*package.NOT_SHIPPED])
    # The packages are added in complete_package.
    os.environ["VIRTUAL_ENV"] = str(package.environment_without_packages())
    if not cli.load_credentials:
        return
    stage = _stage(cli)
    cli.s3_bucket_name = stage.bucket
    cli.aws_environment_variables = stage.environment
    cli.zappa.attach_policy = stage.fill(cli.zappa.attach_policy)


def complete_package(cli: ZappaCLI) -> None:
    """Called when the zip has been created."""
    package.complete(Path(cli.zip_path))
    print(package.report(Path(cli.zip_path)))


def complete_stage(cli: ZappaCLI) -> None:
    """Called when the function and the gateway exist: creates what Zappa does not."""
    for line in create_resources(_stage(cli), cli.zappa.boto_session):
        print(line)


def _stage(cli: ZappaCLI) -> Stage:
    account = cli.zappa.sts_client.get_caller_identity()["Account"]
    return read_stage(cli.api_stage, account=account, file=Path.cwd() / "zappa_settings.json")

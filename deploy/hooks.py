"""What Zappa calls on its way; zappa_settings.json names the three functions.

Zappa loads this file by its path, as a module without a package, so it has to say itself where the rest lies.
"""

import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from deploy import package  # noqa: E402 (found only now)
from deploy.after import complete_stage  # noqa: E402
from deploy.stage import Stage, read_stage  # noqa: E402

ZappaCLI = Any


def fill_in(cli: ZappaCLI) -> None:
    """After the settings are read: what is not to be packed, and the account's number, which no file knows."""
    # Not to be copied and zipped first, either: that halves the time.
    cli.override_stage_config_setting("exclude_glob", [*package.NOT_SHIPPED])
    if not cli.load_credentials:
        return
    stage = _stage(cli)
    cli.s3_bucket_name = stage.bucket
    cli.aws_environment_variables = stage.environment
    cli.zappa.attach_policy = stage.fill(cli.zappa.attach_policy)


def trim(cli: ZappaCLI) -> None:
    """After the zip is made."""
    package.trim(Path(cli.zip_path))
    print(package.report(Path(cli.zip_path)))


def complete(cli: ZappaCLI) -> None:
    """After the function and the gateway are there: whatever Zappa does not set."""
    for sentence in complete_stage(_stage(cli), cli.zappa.boto_session):
        print(sentence)


def _stage(cli: ZappaCLI) -> Stage:
    account = cli.zappa.sts_client.get_caller_identity()["Account"]
    return read_stage(cli.api_stage, account=account, file=Path.cwd() / "zappa_settings.json")

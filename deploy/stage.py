"""A stage of zappa_settings.json with its placeholders filled in, and the names of its resources."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any

from deploy import PROJECT

SETTINGS = PROJECT / "zappa_settings.json"


class UnknownStageError(Exception):
    """zappa_settings.json has no stage with this name."""


@dataclass(frozen=True)
class Stage:
    name: str
    account: str
    """The number of the AWS account, which is read with the credentials and is not in any file."""
    config: dict[str, Any]

    @property
    def region(self) -> str:
        return str(self.config["aws_region"])

    @property
    def function(self) -> str:
        return f"{self.config['project_name']}-{self.name}"

    @property
    def orders_table(self) -> str:
        return str(self.config["orders_table"])

    @property
    def queue(self) -> str:
        return f"{self.function}-dead-letters"

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def access_log_group(self) -> str:
        return f"/aws/apigateway/{self.function}"

    @property
    def parameter(self) -> str:
        return self.environment["SSM_PARAMETER"]

    @property
    def bucket(self) -> str:
        return self.fill(self.config["s3_bucket"])

    @property
    def rule(self) -> str:
        event = self.config["events"][0]
        return f"{self.function}-{event['name']}-{event['function']}"

    @property
    def schedule(self) -> str:
        return str(self.config["events"][0]["expression"])

    @cached_property
    def environment(self) -> dict[str, str]:
        """The function's environment variables."""
        values = self.config["aws_environment_variables"]
        return {name: self._fill_names(value) for name, value in values.items()}

    def fill(self, text: str) -> str:
        """`text` with its placeholders filled in. Raises KeyError if one is unknown."""
        names = {"parameter": self.parameter, "function": self.function, "queue": self.queue}
        return self._fill_names(Template(text).safe_substitute(names))

    def _fill_names(self, text: str) -> str:
        return Template(text).substitute(
            account=self.account, region=self.region, stage=self.name, orders_table=self.orders_table
        )


def read_stage(name: str, *, account: str, file: Path = SETTINGS) -> Stage:
    """Raises UnknownStageError."""
    stages = json.loads(file.read_text())
    if name not in stages:
        raise UnknownStageError(f"{file.name} has no stage {name!r}, only {', '.join(stages)}.")
    return Stage(name=name, account=account, config=_extended(stages, name))


def _extended(stages: dict[str, Any], name: str) -> dict[str, Any]:
    """The settings of a stage, which override those of the stage that it extends, as in Zappa."""
    own = stages[name]
    return {**_extended(stages, own["extends"]), **own} if "extends" in own else dict(own)

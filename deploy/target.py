"""The stage that a deploy step works on, with its AWS session and its API."""

from typing import Any, NamedTuple

import boto3

from deploy.stage import Stage


class StepFailedError(Exception):
    """A deploy step failed. The message contains the reason and what to do."""


class Target(NamedTuple):
    stage: Stage
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, region_name=self.stage.region)


def find_api(target: Target) -> str | None:
    """The id of the stage's REST API, or None if it does not exist."""
    apis = target.client("apigateway").get_paginator("get_rest_apis").paginate().search("items[]")
    return next((str(api["id"]) for api in apis if api and api["name"] == target.stage.function), None)


def api_id(target: Target) -> str:
    """Like `find_api`, but raises StepFailedError if the API does not exist."""
    if (found := find_api(target)) is None:
        raise StepFailedError(f"API Gateway has no REST API named {target.stage.function}.")
    return found

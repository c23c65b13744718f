"""What a stage needs and Zappa does not set: the table, dead letters, retention, limits, access logs, alarms.

Every step may be repeated. One that this account or engine refuses is reported, and the others are still done.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import PROJECT
from deploy.refusals import GATEWAY_REFUSALS
from deploy.stage import Stage

NAMESPACE = "Ordersite"
SWEPT = "SweepsWithoutFailure"
SWEPT_PATTERN = "{ ($.sweep.failed = 0) && ($.sweep.dry_run IS FALSE) }"
"""The line that orders/schedule.py logs."""
DEAD_LETTER_DAYS = 14
TABLE_PATIENCE = 900

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
}


class StepFailedError(Exception):
    """A step could not be done; the text says why and what to do."""


class Target(NamedTuple):
    """The stage and the session that the steps work with."""

    stage: Stage
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, region_name=self.stage.region)


def complete_stage(stage: Stage, session: boto3.Session) -> Iterator[str]:
    """Do every step, and yield a sentence for each: what was done, or what could not be and why."""
    target = Target(stage, session)
    for what, step in STEPS.items():
        try:
            step(target)
        except (BotoCoreError, ClientError, StepFailedError) as error:
            yield f"NOT DONE: {what}: {error}"
        else:
            yield f"Done: {what}."


def make_table(target: Target) -> None:
    """The table with its indexes, recovery and protection, by the app's own command and the operator's credentials."""
    # The command needs no secret, so it is not to depend on the parameter that holds them.
    own = {"ORDERS_TABLE": target.stage.orders_table, "AWS_REGION": target.stage.region, "SECRET_KEY": "none"}
    outside = {name: value for name, value in os.environ.items() if name != "SSM_PARAMETER"}
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), "create_orders_table"],
        cwd=PROJECT,
        env={**outside, **own},
        capture_output=True,
        text=True,
        timeout=TABLE_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise StepFailedError((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])


def send_dead_letters(target: Target) -> None:
    """An event that failed three times goes to the queue and waits there for a fortnight."""
    seconds = str(DEAD_LETTER_DAYS * 24 * 60 * 60)
    attributes = {"MessageRetentionPeriod": seconds, "SqsManagedSseEnabled": "true"}
    sqs, functions = target.client("sqs"), target.client("lambda")
    queue = sqs.create_queue(QueueName=target.stage.queue, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.get_waiter("function_updated_v2").wait(FunctionName=target.stage.function)
    functions.update_function_configuration(FunctionName=target.stage.function, DeadLetterConfig={"TargetArn": arn})
    functions.get_waiter("function_updated_v2").wait(FunctionName=target.stage.function)


def keep_logs_for_a_while(target: Target) -> None:
    """Both log groups, each with its retention."""
    logs = target.client("logs")
    for group in (target.stage.log_group, target.stage.access_log_group):
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=target.stage.config["log_retention_days"])


def limit_requests(target: Target) -> None:
    """The stage's own rate, so that nobody spends the account's."""
    _patch_stage(
        target,
        {
            "/*/*/throttling/rateLimit": str(target.stage.config["throttle_rate"]),
            "/*/*/throttling/burstLimit": str(target.stage.config["throttle_burst"]),
        },
    )


def word_refusals(target: Target) -> None:
    """Problem documents for what the gateway refuses or has no answer to; the function is not asked then."""
    gateway, api = target.client("apigateway"), api_id(target)
    changed = False
    for kind, refusal in GATEWAY_REFUSALS.items():
        wanted = refusal.response()
        present = gateway.get_gateway_response(restApiId=api, responseType=kind)
        if {name: present.get(name) for name in wanted} != wanted:
            gateway.put_gateway_response(restApiId=api, responseType=kind, **wanted)
            changed = True
    if changed:
        # They count from the next deployment on.
        gateway.create_deployment(restApiId=api, stageName=target.stage.name, description="The gateway's own words")


def log_access(target: Target) -> None:
    if not target.client("apigateway").get_account().get("cloudwatchRoleArn"):
        raise StepFailedError(
            "API Gateway has no role in this account to write logs with. Give it one, once for each account and "
            "region (docs/operations.md, Access logs), and deploy again."
        )
    stage = target.stage
    group = f"arn:aws:logs:{stage.region}:{stage.account}:log-group:{stage.access_log_group}"
    _patch_stage(
        target, {"/accessLogSettings/destinationArn": group, "/accessLogSettings/format": json.dumps(ACCESS_LOG)}
    )


def _patch_stage(target: Target, values: dict[str, str]) -> None:
    patches = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    target.client("apigateway").update_stage(
        restApiId=api_id(target), stageName=target.stage.name, patchOperations=patches
    )


def find_api(target: Target) -> str | None:
    """The id of the stage's gateway; None where there is none."""
    apis = target.client("apigateway").get_paginator("get_rest_apis").paginate().search("items[]")
    return next((str(api["id"]) for api in apis if api and api["name"] == target.stage.function), None)


def api_id(target: Target) -> str:
    """Raises StepFailedError when the stage has no gateway."""
    if (found := find_api(target)) is None:
        raise StepFailedError(f"There is no API named {target.stage.function}.")
    return found


def count_sweeps(target: Target) -> None:
    """A metric that grows by one with each sweep that failed for no order."""
    metric = {"metricName": f"{SWEPT}-{target.stage.name}", "metricNamespace": NAMESPACE, "metricValue": "1"}
    target.client("logs").put_metric_filter(
        logGroupName=target.stage.log_group,
        filterName=SWEPT,
        filterPattern=SWEPT_PATTERN,
        metricTransformations=[metric],
    )


def set_alarms(target: Target) -> None:
    cloudwatch = target.client("cloudwatch")
    topic = target.stage.config.get("alarm_topic_arn")
    for alarm in alarms(target.stage):
        cloudwatch.put_metric_alarm(**alarm, AlarmActions=[topic] if topic else [])


def alarms(stage: Stage) -> list[dict[str, Any]]:
    """What is wrong whatever the hour: requests or sweeps that fail, calls turned away, dead letters, no sweep."""
    function = [{"Name": "FunctionName", "Value": stage.function}]
    queue = [{"Name": "QueueName", "Value": stage.queue}]
    return [
        _alarm(stage, "errors", "AWS/Lambda", "Errors", function),
        _alarm(stage, "throttles", "AWS/Lambda", "Throttles", function),
        _alarm(stage, "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        {
            **_alarm(stage, "no-sweep", NAMESPACE, f"{SWEPT}-{stage.name}", []),
            "AlarmDescription": "No sweep has gone through for two hours.",
            "Period": 3600,
            "EvaluationPeriods": 2,
            "Threshold": 1,
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching",
        },
    ]


def _alarm(stage: Stage, name: str, namespace: str, metric: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "AlarmName": f"{stage.function}-{name}",
        "AlarmDescription": f"{metric} of {stage.function}: see docs/operations.md, Alarms.",
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": dimensions,
        "Statistic": "Sum" if namespace != "AWS/SQS" else "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


STEPS: dict[str, Callable[[Target], None]] = {
    "the orders' table, its indexes, recovery and protection": make_table,
    "the queue of dead letters": send_dead_letters,
    "the retention of logs": keep_logs_for_a_while,
    "the limit of requests": limit_requests,
    "the gateway's own refusals": word_refusals,
    "access logs": log_access,
    "the count of sweeps": count_sweeps,
    "the alarms": set_alarms,
}


def take_down(stage: Stage, session: boto3.Session) -> Iterator[str]:
    """Remove what `complete_stage` has made, after `zappa undeploy`. The table, its orders and the logs are left."""
    target = Target(stage, session)
    for what, step in REMOVALS.items():
        try:
            step(target)
        except (BotoCoreError, ClientError) as error:
            yield f"NOT REMOVED: {what}: {error}"
        else:
            yield f"Removed: {what}."


def _remove_alarms(target: Target) -> None:
    names = [alarm["AlarmName"] for alarm in alarms(target.stage)]
    target.client("cloudwatch").delete_alarms(AlarmNames=names)


def _remove_queue(target: Target) -> None:
    sqs = target.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=target.stage.queue)["QueueUrl"])


def _remove_role(target: Target) -> None:
    iam, role = target.client("iam"), f"{target.stage.function}-ZappaLambdaExecutionRole"
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)


REMOVALS: dict[str, Callable[[Target], None]] = {
    "the alarms": _remove_alarms,
    "the queue of dead letters": _remove_queue,
    "the role": _remove_role,
}

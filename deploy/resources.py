"""Creates and removes the AWS resources of a stage that Zappa does not manage.

Every step can be repeated. If one fails, the failure is reported and the other steps still run.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import PROJECT
from deploy.alarms import count_sweeps, remove_alarms, set_alarms
from deploy.gateway import enable_access_logs, set_error_responses, set_throttling
from deploy.stage import Stage
from deploy.target import StepFailedError, Target

DEAD_LETTER_DAYS = 14
TABLE_TIMEOUT_SECONDS = 900

Steps = dict[str, Callable[[Target], None]]


def create_resources(stage: Stage, session: boto3.Session) -> Iterator[str]:
    """Run every step and yield one line for each: that it is done, or why it failed."""
    return _run(CREATE, Target(stage, session), done="Done", failed="NOT DONE")


def remove_resources(stage: Stage, session: boto3.Session) -> Iterator[str]:
    """Remove the resources after `zappa undeploy`, but not the table, its orders and the logs."""
    return _run(REMOVE, Target(stage, session), done="Removed", failed="NOT REMOVED")


def _run(steps: Steps, target: Target, *, done: str, failed: str) -> Iterator[str]:
    for name, step in steps.items():
        try:
            step(target)
        except (BotoCoreError, ClientError, StepFailedError) as error:
            yield f"{failed}: {name}: {error}"
        else:
            yield f"{done}: {name}."


def create_table(target: Target) -> None:
    """Run the app's command `create_orders_table` with the operator's credentials."""
    # The command needs no secrets and must not depend on the parameter that contains them.
    own = {"ORDERS_TABLE": target.stage.orders_table, "AWS_REGION": target.stage.region, "SECRET_KEY": "none"}
    inherited = {name: value for name, value in os.environ.items() if name != "SSM_PARAMETER"}
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), "create_orders_table"],
        cwd=PROJECT,
        env={**inherited, **own},
        capture_output=True,
        text=True,
        timeout=TABLE_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StepFailedError((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])


def create_dead_letter_queue(target: Target) -> None:
    """Create the queue that keeps events which failed three times for DEAD_LETTER_DAYS."""
    seconds = str(DEAD_LETTER_DAYS * 24 * 60 * 60)
    attributes = {"MessageRetentionPeriod": seconds, "SqsManagedSseEnabled": "true"}
    sqs, functions = target.client("sqs"), target.client("lambda")
    queue = sqs.create_queue(QueueName=target.stage.queue, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.get_waiter("function_updated_v2").wait(FunctionName=target.stage.function)
    functions.update_function_configuration(FunctionName=target.stage.function, DeadLetterConfig={"TargetArn": arn})
    functions.get_waiter("function_updated_v2").wait(FunctionName=target.stage.function)


def set_log_retention(target: Target) -> None:
    logs = target.client("logs")
    for group in (target.stage.log_group, target.stage.access_log_group):
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=target.stage.config["log_retention_days"])


def remove_queue(target: Target) -> None:
    sqs = target.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=target.stage.queue)["QueueUrl"])


def remove_role(target: Target) -> None:
    iam, role = target.client("iam"), f"{target.stage.function}-ZappaLambdaExecutionRole"
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)


CREATE: Steps = {
    "orders table, indexes, recovery and deletion protection": create_table,
    "dead-letter queue": create_dead_letter_queue,
    "log retention": set_log_retention,
    "request limits": set_throttling,
    "error responses of API Gateway": set_error_responses,
    "access logs": enable_access_logs,
    "sweep metric": count_sweeps,
    "alarms": set_alarms,
}
REMOVE: Steps = {
    "alarms": remove_alarms,
    "dead-letter queue": remove_queue,
    "role": remove_role,
}

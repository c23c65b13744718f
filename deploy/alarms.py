"""The CloudWatch alarms of a stage and the metric of successful sweeps that one of them uses."""

from typing import Any

from deploy.stage import Stage
from deploy.target import Target

NAMESPACE = "Ordersite"
SWEEP_METRIC = "SweepsWithoutFailure"
SWEEP_PATTERN = "{ ($.sweep.failed = 0) && ($.sweep.dry_run IS FALSE) }"
"""Matches the summary line that orders/schedule.py logs."""


def count_sweeps(target: Target) -> None:
    """Create the metric of the sweeps in which no order failed."""
    metric = {"metricName": f"{SWEEP_METRIC}-{target.stage.name}", "metricNamespace": NAMESPACE, "metricValue": "1"}
    target.client("logs").put_metric_filter(
        logGroupName=target.stage.log_group,
        filterName=SWEEP_METRIC,
        filterPattern=SWEEP_PATTERN,
        metricTransformations=[metric],
    )


def set_alarms(target: Target) -> None:
    cloudwatch = target.client("cloudwatch")
    topic = target.stage.config.get("alarm_topic_arn")
    for alarm in alarms(target.stage):
        cloudwatch.put_metric_alarm(**alarm, AlarmActions=[topic] if topic else [])


def remove_alarms(target: Target) -> None:
    names = [alarm["AlarmName"] for alarm in alarms(target.stage)]
    target.client("cloudwatch").delete_alarms(AlarmNames=names)


def alarms(stage: Stage) -> list[dict[str, Any]]:
    """Alarms for failed requests or sweeps, throttled invocations, dead letters, and no sweep for two hours."""
    function = [{"Name": "FunctionName", "Value": stage.function}]
    queue = [{"Name": "QueueName", "Value": stage.queue}]
    return [
        _alarm(stage, "errors", "AWS/Lambda", "Errors", function),
        _alarm(stage, "throttles", "AWS/Lambda", "Throttles", function),
        _alarm(stage, "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        {
            **_alarm(stage, "no-sweep", NAMESPACE, f"{SWEEP_METRIC}-{stage.name}", []),
            "AlarmDescription": "No sweep has succeeded for two hours.",
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

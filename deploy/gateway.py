"""Settings of the API Gateway stage that Zappa does not manage: throttling, error responses, access logs."""

import json

from deploy.gateway_responses import GATEWAY_RESPONSES
from deploy.target import StepFailedError, Target, api_id

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


def set_throttling(target: Target) -> None:
    """Limit the rate of this stage, so that it cannot use up the account's limit."""
    _patch_stage(
        target,
        {
            "/*/*/throttling/rateLimit": str(target.stage.config["throttle_rate"]),
            "/*/*/throttling/burstLimit": str(target.stage.config["throttle_burst"]),
        },
    )


def set_error_responses(target: Target) -> None:
    """Make the gateway return problem documents for its own errors, which never reach the function."""
    gateway, api = target.client("apigateway"), api_id(target)
    changed = False
    for kind, response in GATEWAY_RESPONSES.items():
        expected = response.parameters()
        current = gateway.get_gateway_response(restApiId=api, responseType=kind)
        if {name: current.get(name) for name in expected} != expected:
            gateway.put_gateway_response(restApiId=api, responseType=kind, **expected)
            changed = True
    if changed:
        # Changes take effect with the next deployment of the API.
        gateway.create_deployment(restApiId=api, stageName=target.stage.name, description="Error responses")


def enable_access_logs(target: Target) -> None:
    if not target.client("apigateway").get_account().get("cloudwatchRoleArn"):
        raise StepFailedError(
            "API Gateway has no role in this account for writing logs. Set one for this account and region "
            "(docs/operations.md, Access logs), and deploy again."
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

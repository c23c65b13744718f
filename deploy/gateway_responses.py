"""API Gateway's own errors as problem documents in the API's format (docs/api.md)."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from orders.api.media_types import PROBLEM_JSON


class GatewayResponse(NamedTuple):
    """The response to one kind of error that never reaches the function."""

    status: HTTPStatus
    code: str
    detail: str
    retry_after: str = ""

    def parameters(self) -> dict[str, Any]:
        """The parameters of API Gateway's PutGatewayResponse."""
        return {
            "statusCode": str(self.status.value),
            "responseParameters": self._headers(),
            "responseTemplates": {"application/json": self._document()},
        }

    def _document(self) -> str:
        return json.dumps(
            {
                "type": "about:blank",
                "title": self.status.phrase,
                "status": self.status.value,
                "detail": self.detail,
                "code": self.code,
                "errors": [],
                "request_id": "$context.requestId",
            }
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": PROBLEM_JSON, **({"Retry-After": self.retry_after} if self.retry_after else {})}
        return {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()}


UNKNOWN_OUTCOME = (
    "The response was late or too large. The request may or may not have changed something: read the order, or repeat "
    "a POST with its Idempotency-Key."
)
# The kinds: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
GATEWAY_RESPONSES: dict[str, GatewayResponse] = {
    "THROTTLED": GatewayResponse(
        HTTPStatus.TOO_MANY_REQUESTS, "throttled", "Too many requests for this site. Try again shortly.", "1"
    ),
    "REQUEST_TOO_LARGE": GatewayResponse(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "The body is larger than 10 MB. The limit is 64 KiB."
    ),
    "INTEGRATION_TIMEOUT": GatewayResponse(HTTPStatus.GATEWAY_TIMEOUT, "timed_out", UNKNOWN_OUTCOME),
    "INTEGRATION_FAILURE": GatewayResponse(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
    "API_CONFIGURATION_ERROR": GatewayResponse(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
    # The function failed, or Lambda could not start it.
    "DEFAULT_5XX": GatewayResponse(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
}

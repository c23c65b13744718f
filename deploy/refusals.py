"""What API Gateway says by itself, in the API's own words: an RFC 9457 problem document, as docs/api.md has it."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from orders.api.media_types import PROBLEM_JSON


class GatewayRefusal(NamedTuple):
    """One kind of answer that API Gateway gives without asking the function."""

    status: HTTPStatus
    code: str
    detail: str
    retry_after: str = ""

    def response(self) -> dict[str, Any]:
        """What API Gateway takes as a gateway response, and gives back when it is asked for it."""
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
    "The answer did not come in time or cannot be carried. Whether the request changed anything is not known: look at "
    "the order, or repeat a POST with its Idempotency-Key."
)
# The kinds: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
GATEWAY_REFUSALS: dict[str, GatewayRefusal] = {
    "THROTTLED": GatewayRefusal(
        HTTPStatus.TOO_MANY_REQUESTS, "throttled", "Too many requests for this site. Try again shortly.", "1"
    ),
    "REQUEST_TOO_LARGE": GatewayRefusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "The body is larger than 10 MB; 64 KiB is the most."
    ),
    "INTEGRATION_TIMEOUT": GatewayRefusal(HTTPStatus.GATEWAY_TIMEOUT, "timed_out", UNKNOWN_OUTCOME),
    "INTEGRATION_FAILURE": GatewayRefusal(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
    "API_CONFIGURATION_ERROR": GatewayRefusal(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
    # A function that fails, or that Lambda does not start.
    "DEFAULT_5XX": GatewayRefusal(HTTPStatus.BAD_GATEWAY, "no_answer", UNKNOWN_OUTCOME),
}

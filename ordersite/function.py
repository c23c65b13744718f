"""The Lambda function: Zappa's handler, told apart in the logs by request and by start.

With INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT set, importing this module loads the whole app, so that it happens while
Lambda gives a starting function its full CPU, and once for all under SnapStart.
"""

import logging
from typing import Any, Protocol

from zappa.handler import lambda_handler

from ordersite.logs import Invocation, invocation

logger = logging.getLogger(__name__)


class LambdaContext(Protocol):
    aws_request_id: str
    function_name: str


_answered = False


def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 (whatever the event's caller expects)
    """Answer a request of API Gateway, the hourly rule, or `zappa manage`."""
    cold_start = _is_first()
    token = invocation.set(Invocation(context.aws_request_id, context.function_name, cold_start))
    try:
        if cold_start:
            logger.info("Cold start")
        return lambda_handler(event, context)
    finally:
        invocation.reset(token)


def _is_first() -> bool:
    global _answered
    first, _answered = not _answered, True
    return first

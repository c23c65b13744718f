"""The Lambda function: Zappa's handler, told apart in the logs by request and by start, and with an end in time.

With INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT set, importing this module loads the whole app, so that it happens while
Lambda gives a starting function its full CPU, and once for all under SnapStart.
"""

import logging
import logging.config
import random
from typing import Any
from uuid import uuid4

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django_guid import get_guid

from orders.schedule import LambdaContext
from ordersite.deadline import DeadlinePassedError, deadline
from ordersite.gateway_events import Event, readable
from ordersite.logs import Invocation, configuration, invocation

# What is said before Django sets the logs up, and why it could not, is JSON too; Zappa's handler loads Django.
logging.config.dictConfig(configuration(level="INFO"))

from zappa.handler import lambda_handler  # noqa: E402

RESERVE_SECONDS = 1.5
"""What is left of the function's time, when a request is given up, for saying so."""

FORWARDED = "x-forwarded-for"

logger = logging.getLogger(__name__)


_answered = False


def handler(event: Event, context: LambdaContext) -> Any:
    """Answer a request of API Gateway, the hourly rule, or `zappa manage`."""
    cold_start = _is_first()
    token = invocation.set(Invocation(context.aws_request_id, context.function_name, cold_start))
    try:
        if cold_start:
            _begin()
        return _answer(event, context) if "httpMethod" in event else lambda_handler(event, context)
    finally:
        invocation.reset(token)


def _is_first() -> bool:
    global _answered
    first, _answered = not _answered, True
    return first


def _begin() -> None:
    logger.info("Cold start")
    # Starts from one snapshot would all draw the same numbers, and botocore's retries would come in step.
    random.seed()


def _answer(event: Event, context: LambdaContext) -> Any:
    """The app's answer, or its refusal to go on when the function's time is almost over."""
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    try:
        with deadline(seconds):
            answer = lambda_handler(readable(_with_caller(_with_stage(event))), context)
    except DeadlinePassedError as error:
        logger.error("Given up after %.1f s: %s %s", seconds, event["httpMethod"], event["path"], exc_info=error)  # noqa: TRY400 (says what it waited for, and is no failure of ours)
        return _given_up(event)
    # A response of the app has headers. One without is Zappa's, for a failure outside the app that it has logged.
    return answer if "headers" in answer else _failed(event)


def _with_stage(event: Event) -> Event:
    """Zappa takes the stage's name off any path that begins with it, /products under prod too, where the host is AWS's.

    So such a path is given the stage once more, for Zappa to take off.
    """
    path, stage = event["path"], event["requestContext"].get("stage")
    if not stage or not path.startswith(f"/{stage}") or "amazonaws.com" not in _header(event, "host"):
        return event
    return {**event, "path": f"/{stage}{path}"}


def _with_caller(event: Event) -> Event:
    """Append the caller that API Gateway names to X-Forwarded-For, twice.

    Zappa logs the last but one entry, which behind a REGIONAL endpoint comes from the client. The app itself determines
    the client's address in accounts/client_address.py.
    """
    identity = event["requestContext"].get("identity") or {}
    caller = identity.get("sourceIp") or "-"
    chain = ", ".join(filter(None, [_header(event, FORWARDED), caller, caller]))
    changed = {**event, "headers": {**_without(event.get("headers"), FORWARDED), FORWARDED: chain}}
    if event.get("multiValueHeaders"):
        changed["multiValueHeaders"] = {**_without(event["multiValueHeaders"], FORWARDED), FORWARDED: [chain]}
    return changed


def _without(headers: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {given: value for given, value in (headers or {}).items() if given.lower() != name}


def _header(event: Event, name: str) -> str:
    headers = event.get("headers") or {}
    return next((value for given, value in headers.items() if given.lower() == name), "")


def _given_up(event: Event) -> dict[str, Any]:
    # Loaded only now: it needs Django to be set up, which Zappa's handler does.
    from ordersite.error_views import timed_out  # noqa: PLC0415

    # A connection may wait for an answer still; the next request is not to find it so.
    connections.close_all()
    response = timed_out(_request(event))
    if request_id := get_guid():
        response["X-Request-Id"] = request_id
    return _for_gateway(response)


def _failed(event: Event) -> dict[str, Any]:
    from ordersite.error_views import server_error  # noqa: PLC0415 (as above)

    response = server_error(_request(event))
    response["X-Request-Id"] = str(uuid4())
    return _for_gateway(response)


def _request(event: Event) -> HttpRequest:
    """As much of the request as tells who asks."""
    request = HttpRequest()
    request.method = event["httpMethod"]
    request.META["HTTP_ACCEPT"] = _header(event, "accept")
    return request


def _for_gateway(response: HttpResponse) -> dict[str, Any]:
    return {"statusCode": response.status_code, "headers": dict(response.headers), "body": response.content.decode()}

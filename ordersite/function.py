"""The Lambda function: Zappa's handler, with ids in the logs and a time limit for each request.

With INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT set, importing this module loads the whole app, so that it happens while
Lambda gives a starting function its full CPU, and once for all under SnapStart.
"""

import logging
import logging.config
import random
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ordersite.quick_imports import quick_imports

with quick_imports():
    from django.db import connections
    from django.http import HttpRequest, HttpResponse
    from django.utils import translation
    from django_guid import get_guid

    from orders.schedule import LambdaContext
    from ordersite.deadline import DeadlinePassedError, deadline
    from ordersite.gateway_events import Event, header, prepared
    from ordersite.logs import Invocation, configuration, invocation

    # So that messages before Django configures the logs are JSON too. Importing Zappa's handler loads Django.
    logging.config.dictConfig(configuration(level="INFO"))

    from zappa.handler import lambda_handler

RESERVE_SECONDS = 1.5
"""Reserved for sending the response when a request times out."""

logger = logging.getLogger(__name__)


_invoked = False


def handler(event: Event, context: LambdaContext) -> Any:
    """Handle a request of API Gateway, the hourly event, or `zappa manage`."""
    cold_start = _is_first()
    token = invocation.set(Invocation(context.aws_request_id, context.function_name, cold_start))
    try:
        if cold_start:
            _start()
        return _respond(event, context) if "httpMethod" in event else lambda_handler(event, context)
    finally:
        invocation.reset(token)


def _is_first() -> bool:
    global _invoked
    first, _invoked = not _invoked, True
    return first


def _start() -> None:
    logger.info("Cold start")
    # Processes started from one snapshot would draw the same random numbers, and botocore's retries would coincide.
    random.seed()


def _respond(event: Event, context: LambdaContext) -> Any:
    """The app's response, or a 503 when the function's time is almost over."""
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    try:
        with deadline(seconds):
            response = lambda_handler(prepared(event), context)
    except DeadlinePassedError:
        logger.exception("Timed out after %.1f s: %s %s", seconds, event["httpMethod"], event["path"])
        return _timed_out(event)
    # A response of the app has headers. One without is Zappa's, for a failure outside the app that it has logged.
    return response if "headers" in response else _failed(event)


def _timed_out(event: Event) -> dict[str, Any]:
    # Imported here, because it needs Django, which Zappa's handler sets up.
    from ordersite.error_views import timed_out  # noqa: PLC0415

    # A connection may still be waiting for a response, so the next request must not use it.
    connections.close_all()
    response = _rendered(timed_out, event)
    if request_id := get_guid():
        response["X-Request-Id"] = request_id
    return _for_gateway(response)


def _failed(event: Event) -> dict[str, Any]:
    from ordersite.error_views import server_error  # noqa: PLC0415 (as above)

    response = _rendered(server_error, event)
    response["X-Request-Id"] = str(uuid4())
    return _for_gateway(response)


def _rendered(view: Callable[[HttpRequest], HttpResponse], event: Event) -> HttpResponse:
    """The response of an error view, in the language that a response of the app would have had."""
    from ordersite.language import language_of  # noqa: PLC0415 (as above)

    request = _request(event)
    with translation.override(language_of(request)):
        return view(request)


def _request(event: Event) -> HttpRequest:
    """A request with the attributes that the error views use."""
    request = HttpRequest()
    request.method = event["httpMethod"]
    request.path_info = event["path"]
    request.META["HTTP_ACCEPT"] = header(event, "accept")
    request.META["HTTP_ACCEPT_LANGUAGE"] = header(event, "accept-language")
    return request


def _for_gateway(response: HttpResponse) -> dict[str, Any]:
    return {"statusCode": response.status_code, "headers": dict(response.headers), "body": response.content.decode()}

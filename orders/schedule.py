"""The handler of the hourly rule on Lambda: runs `expire_orders`, then `housekeeping`, within its timeout."""

import json
import logging
from io import StringIO
from typing import Any, NamedTuple, Protocol

from django.core.management import CommandError, call_command

from orders.stopwatch import time_limit

MARGIN_SECONDS = 8.0
"""Reserved for the summary and the current order, which a stalled DynamoDB can delay this long."""
HOUSEKEEPING_MARGIN_SECONDS = 5.0
"""Reserved for a database connection that times out after 3 s, and for the current batch."""
MIN_SECONDS = 1.0
SUMMARY_SECONDS = 1.0
"""Reserved for the summary after the calls to DynamoDB, all of which end before."""

logger = logging.getLogger(__name__)

Summary = dict[str, Any]


class LambdaContext(Protocol):
    """The parts of Lambda's context object that Ordersite uses."""

    aws_request_id: str
    function_name: str

    def get_remaining_time_in_millis(self) -> int: ...


class Run(NamedTuple):
    """A command's summary and its error. A run in which some orders failed has both."""

    summary: Summary
    failure: Exception | None = None


def expire_orders(event: object, context: LambdaContext) -> Summary:
    """Run the sweep, then the housekeeping, until they are done or the function is about to time out.

    Logs each summary as one line and returns the sweep's. The next run continues unfinished work; housekeeping is
    skipped if the sweep leaves no time for it. Each runs even if the other fails.
    Raises RuntimeError with the reasons of every failure, so that Lambda retries the event and finally sends it to the
    dead-letter queue. Zappa would swallow a TypeError and call the handler again with fewer arguments.
    """
    swept = _run("expire_orders", context, margin=MARGIN_SECONDS, skip_when_late=False)
    if swept.summary:
        # The alarm on missing sweeps counts these lines: deploy/alarms.py has the pattern.
        logger.info("Sweep finished", extra={"sweep": swept.summary})
    cleaned = _run("housekeeping", context, margin=HOUSEKEEPING_MARGIN_SECONDS, skip_when_late=True)
    if cleaned.summary:
        logger.info("Housekeeping finished", extra={"housekeeping": cleaned.summary})
    failures = {"sweep": swept.failure, "housekeeping": cleaned.failure}
    reasons = [f"The {name} failed: {_reason(failure)}" for name, failure in failures.items() if failure]
    if reasons:
        raise RuntimeError(" ".join(reasons)) from (swept.failure or cleaned.failure)
    return swept.summary


def _run(command: str, context: LambdaContext, *, margin: float, skip_when_late: bool) -> Run:
    """Run the command for the function's remaining time minus `margin`, but for at least MIN_SECONDS.

    With `skip_when_late`, it is skipped instead if less than MIN_SECONDS would be left.
    """
    output, failure = StringIO(), None
    try:
        remaining = context.get_remaining_time_in_millis() / 1000
        seconds = remaining - margin
        if seconds < MIN_SECONDS and skip_when_late:
            logger.info("Skipped %s because no time was left; the next run will do it", command)
            return Run({})
        with time_limit(remaining - SUMMARY_SECONDS):
            call_command(command, "--json", f"--max-seconds={max(MIN_SECONDS, seconds):.6f}", stdout=output)
    except Exception as error:
        logger.exception("%s failed", command)
        failure = error
    text = output.getvalue()
    return Run(json.loads(text) if text else {}, failure)


def _reason(failure: Exception) -> str:
    return str(failure) if isinstance(failure, CommandError) else repr(failure)

"""The handler of the hourly rule on Lambda: runs `expire_orders`, then `housekeeping`, within its timeout."""

import json
import logging
from io import StringIO
from typing import Any, NamedTuple, Protocol

from django.core.management import CommandError, call_command

MARGIN_SECONDS = 8.0
"""Reserved for the current order, which a stalled DynamoDB may delay this long, and for the summary."""
HOUSEKEEPING_MARGIN_SECONDS = 5.0
"""Reserved for a database connection that times out after 3 s, and for the current batch."""
LEAST_SECONDS = 1.0

logger = logging.getLogger(__name__)

Summary = dict[str, Any]


class LambdaContext(Protocol):
    """The part that Ordersite reads of the context that Lambda passes to a handler."""

    aws_request_id: str
    function_name: str

    def get_remaining_time_in_millis(self) -> int: ...


class Run(NamedTuple):
    """A command's summary, and why it failed; a run that failed for some orders has both."""

    summary: Summary
    failure: Exception | None = None


def expire_orders(event: object, context: LambdaContext) -> Summary:
    """Run the sweep and then the housekeeping, until they are done or the function's time is almost over.

    Logs the summary of each as one line and returns the sweep's. The next run continues the work; housekeeping is
    skipped if the sweep has left no time. Both run even if the other fails, and a failure of either raises RuntimeError
    with the reasons of both, so that Lambda repeats the event and finally sends it to the dead-letter queue. Zappa
    would swallow a TypeError and call with fewer arguments.
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
    """Run the command for the rest of the function's time minus `margin`, but for at least LEAST_SECONDS.

    With `skip_when_late`, skip it instead if less time than that is left.
    """
    output, failure = StringIO(), None
    try:
        seconds = context.get_remaining_time_in_millis() / 1000 - margin
        if seconds < LEAST_SECONDS and skip_when_late:
            logger.info("No time is left for %s; the next run does it", command)
            return Run({})
        call_command(command, "--json", f"--max-seconds={max(LEAST_SECONDS, seconds):.6f}", stdout=output)
    except Exception as error:
        logger.exception("%s failed", command)
        failure = error
    text = output.getvalue()
    return Run(json.loads(text) if text else {}, failure)


def _reason(failure: Exception) -> str:
    return str(failure) if isinstance(failure, CommandError) else repr(failure)

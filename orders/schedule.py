"""What the hourly rule calls on Lambda: `expire_orders`, then `housekeeping`, within the time of the function."""

import json
import logging
from io import StringIO
from typing import Any, NamedTuple, Protocol

from django.core.management import CommandError, call_command

MARGIN_SECONDS = 8.0
"""Left over for the order at hand, which a stalled engine may hold for as long, and for the summary."""
HOUSEKEEPING_MARGIN_SECONDS = 5.0
"""Left over for a database that takes its 3 s to refuse a connection, and for the batch at hand."""
LEAST_SECONDS = 1.0

logger = logging.getLogger(__name__)

Summary = dict[str, Any]


class LambdaContext(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


class Run(NamedTuple):
    """A command's summary, and why it failed; a run that failed for some orders has both."""

    summary: Summary
    failure: Exception | None = None


def expire_orders(event: object, context: LambdaContext) -> Summary:  # noqa: ARG001 (Lambda's signature)
    """Run the sweep and then the housekeeping, until they are through or the function's time runs short.

    Logs the summary of each as one line and returns the sweep's. What is left is for the next hour; housekeeping for
    which the sweep has left no time is skipped. Neither keeps the other from running, and a failure of either raises
    RuntimeError with the reasons of both, so that Lambda calls again and, in the end, sends the event to the dead
    letters. Zappa would swallow a TypeError and call with fewer arguments.
    """
    swept = _run("expire_orders", context, margin=MARGIN_SECONDS, skip_when_late=False)
    if swept.summary:
        # The alarm on missing sweeps counts these lines: deploy/after.py has its pattern.
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
    """Run the command for what is left of the function's time but `margin`, and for LEAST_SECONDS where that is less.

    With `skip_when_late` it is not run then.
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

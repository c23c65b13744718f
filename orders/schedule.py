"""What the hourly rule calls on Lambda: one run of `expire_orders`, within the time that the function is given."""

import json
import logging
from io import StringIO
from typing import Any, Protocol

from django.core.management import CommandError, call_command

MARGIN_SECONDS = 8.0
"""Left over for the order at hand, which a stalled engine may hold for as long, and for the summary."""
LEAST_SECONDS = 1.0

logger = logging.getLogger(__name__)

Summary = dict[str, Any]


class LambdaContext(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def expire_orders(event: object, context: LambdaContext) -> Summary:  # noqa: ARG001 (Lambda's signature)
    """Run the sweep until it is through or the function's time runs short; log its summary as one line and return it.

    What is left is for the next hour. Raises RuntimeError whatever went wrong, so that Lambda calls again and, in the
    end, sends the event to the dead letters: Zappa would swallow a TypeError and call with fewer arguments.
    """
    output = StringIO()
    try:
        call_command("expire_orders", "--json", f"--max-seconds={_seconds(context)}", stdout=output)
    except Exception as error:
        raise _failure(error) from error
    finally:
        # A run that failed for some orders has a summary too.
        summary = _logged(output.getvalue())
    return summary


def _seconds(context: LambdaContext) -> float:
    return max(LEAST_SECONDS, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)


def _failure(error: Exception) -> RuntimeError:
    reason = str(error) if isinstance(error, CommandError) else repr(error)
    return RuntimeError(f"The sweep failed: {reason}")


def _logged(output: str) -> Summary:
    summary: Summary = json.loads(output) if output else {}
    if summary:
        # The alarm on missing sweeps counts these lines: deploy/after.py has its pattern.
        logger.info("Sweep finished", extra={"sweep": summary})
    return summary

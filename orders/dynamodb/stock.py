"""Lets botocore check each reply that it receives itself, by handlers of its public events.

They hold for every call of the stock client, and for the few that the lean client leaves to botocore. No attempt begins
after the time limit of the caller, but botocore restarts a timeout with each byte, so one that trickles in has none.
"""

from typing import Any

from botocore.exceptions import ReadTimeoutError

from orders.dynamodb import retries
from orders.dynamodb.attempts import MAY_BE_DONE
from orders.dynamodb.calls import record_retry
from orders.dynamodb.credentials import EXPIRED_CODES, DeferredCredentials
from orders.dynamodb.replies import ERROR, UnreadableReplyError, missing, read_document
from orders.stopwatch import seconds_left

SENT = "Sent"
"""A member of the call's context: whether an attempt has been made."""
UNREADABLE = "UnreadableReply"
"""A member of the parsed reply, and of the call's context: the reason why the reply cannot be used."""


class StockHandlers:
    """The handlers for one botocore client."""

    def __init__(self, credentials: DeferredCredentials, *, attempts: int) -> None:
        self._credentials = credentials
        self._attempts = attempts

    def register(self, events: Any) -> None:
        events.register("before-call.dynamodb", self.refuse_late)
        events.register("request-created.dynamodb", self.count_retries)
        events.register("before-parse.dynamodb", self.check_document)
        # First, because botocore's own handler ends the event when it has no more attempts.
        events.register_first("needs-retry.dynamodb", self.needs_retry)
        events.register_first("after-call.dynamodb", self.refuse_unreadable)

    def refuse_late(self, params: Any, **_: Any) -> None:
        """`before-call`: raise ReadTimeoutError if the time limit of the caller has passed."""
        if seconds_left() <= 0:
            raise ReadTimeoutError(endpoint_url=params["url"])

    def count_retries(self, request: Any, **_: Any) -> None:
        """`request-created`: record each attempt after the first."""
        if request.context.get(SENT):
            record_retry()
        request.context[SENT] = True

    def check_document(self, response_dict: Any, customized_response_dict: Any, **_: Any) -> None:
        """`before-parse`: replace a body that botocore could not parse, or would accept although it is wrong."""
        status = response_dict["status_code"]
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        _, reason = read_document(status, headers, response_dict["body"])
        if reason:
            response_dict["body"] = b"{}"
            customized_response_dict[UNREADABLE] = f"HTTP {status}, {reason}"

    def needs_retry(
        self, response: Any, operation: Any, attempts: int, request_dict: Any, **_: Any
    ) -> float | bool | None:
        """`needs-retry`: the delay before a retry, False for none, None to leave the decision to botocore."""
        context = request_dict["context"]
        context.pop(UNREADABLE, None)
        is_late = seconds_left() <= 0
        if response is None:
            return False if is_late else None
        http, parsed = response
        reason = parsed.pop(UNREADABLE, None)
        if reason is None and http.status_code < ERROR:
            reason = missing(operation.name, request_dict["body"], parsed)
        if reason:
            context[UNREADABLE] = UnreadableReplyError(operation=operation.name, reason=reason)
            context[MAY_BE_DONE] = True
            return attempts < self._attempts and not is_late and retries.delay(attempts, throttling=False)
        return False if is_late else self._renewal(parsed, context)

    def _renewal(self, parsed: Any, context: Any) -> float | None:
        """Repeat a call once, and at once, with new credentials."""
        if parsed.get("Error", {}).get("Code") not in EXPIRED_CODES or context.get("credentials_renewed"):
            return None
        context["credentials_renewed"] = True
        self._credentials.discard()
        return 0.0

    def refuse_unreadable(self, context: Any, **_: Any) -> None:
        """`after-call`: raise UnreadableReplyError if the last reply could not be used."""
        if error := context.get(UNREADABLE):
            raise error

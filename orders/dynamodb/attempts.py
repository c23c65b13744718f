"""Finds out whether an earlier attempt of a call may have been carried out although its response is missing."""

from typing import Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

MAY_BE_DONE = "AnEarlierAttemptMayBeDone"
"""The key of the result in `ResponseMetadata`, in the context of a request too. Whatever retries a call sets it."""

SERVER_ERROR = 500
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


def is_uncertain(status: int | None, error: Exception | None) -> bool:
    """Whether an attempt with this status (None: no usable response) or this error may have been carried out."""
    return not isinstance(error, NOT_SENT) and (status is None or status >= SERVER_ERROR)


def observe(client: Any) -> None:
    """Add MAY_BE_DONE to the responses of this botocore client, to errors too."""
    client.meta.events.register("needs-retry.dynamodb", _note)
    client.meta.events.register("after-call.dynamodb", _publish)


def may_be_done(response: dict[str, Any]) -> bool:
    """Whether an earlier attempt of this call may have been carried out.

    It got no response, an incomplete one or a server error. A refusal, such as a throttle, is certain: DynamoDB has
    done nothing.
    """
    return bool(response["ResponseMetadata"].get(MAY_BE_DONE))


def _note(response: Any, caught_exception: Exception | None, request_dict: dict[str, Any], **_: object) -> None:
    if is_uncertain(response[0].status_code if response else None, caught_exception):
        request_dict["context"][MAY_BE_DONE] = True


def _publish(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    parsed["ResponseMetadata"][MAY_BE_DONE] = context.get(MAY_BE_DONE, False)

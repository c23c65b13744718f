"""The lean client: sends the calls of a botocore client itself, in about half of the CPU time and within a time limit.

It handles botocore's public event `before-call.dynamodb`. botocore still builds the request, finds the endpoint and the
credentials, and raises the errors of DynamoDB.
"""

import logging
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.exceptions import HTTPClientError, ReadTimeoutError
from botocore.parsers import JSONParser

from orders.dynamodb import retries
from orders.dynamodb.attempts import MAY_BE_DONE, is_uncertain
from orders.dynamodb.calls import record_retry
from orders.dynamodb.credentials import EXPIRED_CODES, DeferredCredentials
from orders.dynamodb.replies import ERROR, UnreadableReplyError, parse
from orders.dynamodb.retries import RetryQuota
from orders.dynamodb.signing import Signer
from orders.dynamodb.transport import Reply, Transport
from orders.stopwatch import REQUEST_SECONDS, seconds_left

BUDGET = REQUEST_SECONDS
"""Seconds for one call with all its attempts, in a command too."""

OPERATIONS = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
    }
)
"""The operations on items. botocore sends the others, which are rare and return values that need converting."""

TARGET = "DynamoDB_20120810"
"""The version of DynamoDB's API, before the name of an operation."""

TEMPORARY = (HTTPClientError, NoConnectionError, UnreadableReplyError)

logger = logging.getLogger(__name__)


def _base64(value: Any) -> str:
    """A binary attribute in JSON."""
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not a value of DynamoDB")


class Request(NamedTuple):
    """What botocore has built. `model` is its model of the operation."""

    model: Any
    url: str
    headers: Mapping[str, str]
    body: bytes
    signer: Signer


class Endpoint(NamedTuple):
    """Where botocore sent the first call, and what every request to it has in common."""

    url: str
    headers: Mapping[str, str]
    signer: Signer


class Outcome(NamedTuple):
    """Of one attempt: a reply and its parsed form, or the error of an attempt without a usable reply."""

    reply: Reply | None = None
    parsed: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    error: Exception | None = None

    @property
    def code(self) -> str | None:
        code: str | None = self.parsed.get("Error", {}).get("Code")
        return code

    @property
    def status(self) -> int | None:
        return self.reply.status if self.reply else None

    @property
    def succeeded(self) -> bool:
        return self.reply is not None and self.reply.status < ERROR

    @property
    def may_be_repeated(self) -> bool:
        return self.error is not None or retries.is_retried(self.code, self.status)


class LeanClient:
    """Sends the calls of one botocore client. `settings` are those of its Transports."""

    def __init__(self, credentials: DeferredCredentials, *, attempts: int, **settings: Any) -> None:
        self._credentials = credentials
        self._attempts = attempts
        self._settings = settings
        self._quota = RetryQuota()
        self._transports: dict[str, Transport] = {}
        self._signers: dict[tuple[str, str, str], Signer] = {}
        self._error_parser = JSONParser()
        self._endpoint: Endpoint | None = None

    def before_call(self, model: Any, params: Any, request_signer: Any, context: Any, **_: Any) -> Any:
        """Botocore's event. Returns the reply and its parsed form; None for a call that botocore has to send."""
        if model.name not in OPERATIONS or (context["auth_type"] or request_signer.signature_version) != "v4":
            return None
        signing = context.get("signing", {})
        region = signing.get("region", request_signer.region_name)
        service = signing.get("signing_name", request_signer.signing_name)
        signer = self._signer(params["url"], region, service)
        if self._endpoint is None:
            self._endpoint = Endpoint(params["url"], {"User-Agent": params["headers"]["User-Agent"]}, signer)
        return self._call(Request(model, params["url"], params["headers"], params["body"], signer), context)

    def call(self, client: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """The result of the call, without botocore's part: it takes a sixth of the CPU time of a GET.

        Emits botocore's event `after-call` and raises its errors. None for a call that botocore has to send: the first
        one, from which the endpoint is learnt, and an operation that `before_call` leaves to it.
        """
        endpoint = self._endpoint
        if endpoint is None or operation not in OPERATIONS:
            return None
        model = client.meta.service_model.operation_model(operation)
        # Every reply then has the member that proves that it comes from DynamoDB.
        body = orjson.dumps({"ReturnConsumedCapacity": "TOTAL", **arguments}, default=_base64)
        headers = {**endpoint.headers, "X-Amz-Target": f"{TARGET}.{operation}"}
        context: dict[str, Any] = {}
        reply, parsed = self._call(Request(model, endpoint.url, headers, body, endpoint.signer), context)
        event = f"after-call.dynamodb.{operation}"
        client.meta.events.emit(event, http_response=reply, parsed=parsed, model=model, context=context)
        if "Error" in parsed:
            raise client.exceptions.from_code(parsed["Error"]["Code"])(parsed, operation)
        return parsed

    def prepare(self, url: str) -> None:
        """Create the pool of connections for this endpoint, without a connection."""
        self._transport(url).prepare()

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()

    def _call(self, request: Request, context: dict[str, Any]) -> tuple[Reply | None, dict[str, Any]]:
        """The final reply of at most `attempts` attempts within the budget. Raises the last attempt's error."""
        end = time.monotonic() + min(BUDGET, seconds_left())
        attempt, cost, renewed = 1, retries.REFUND, False
        while not (outcome := self._attempt(request, end)).succeeded:
            if is_uncertain(outcome.status, outcome.error):
                context[MAY_BE_DONE] = True
            if outcome.code in EXPIRED_CODES and not renewed:
                self._credentials.discard()
                renewed = True
            else:
                paid = self._pause(outcome, attempt, end)
                if not paid:
                    break
                cost = paid
            attempt += 1
            record_retry()
        if outcome.error is not None:
            raise outcome.error
        if outcome.succeeded:
            self._quota.give_back(cost)
        metadata = outcome.parsed["ResponseMetadata"]
        metadata["RetryAttempts"] = attempt - 1
        if attempt >= self._attempts:
            metadata["MaxAttemptsReached"] = True
        return outcome.reply, outcome.parsed

    def _pause(self, outcome: Outcome, attempt: int, end: float) -> int:
        """Wait before the next attempt. Returns its cost in the quota; 0 if there must be none."""
        if attempt >= self._attempts or not outcome.may_be_repeated:
            return 0
        throttling = retries.is_throttling(outcome.code, outcome.status)
        seconds = retries.delay(attempt, throttling=throttling)
        cost = retries.THROTTLING_COST if throttling else retries.COST
        if time.monotonic() + seconds >= end or not self._quota.take(cost):
            return 0
        logger.debug("Attempt %d failed: %s", attempt, outcome.error or outcome.code)
        time.sleep(seconds)
        return cost

    def _attempt(self, request: Request, end: float) -> Outcome:
        try:
            reply = self._send(request, end)
            document = parse(request.model.name, request.body, reply.status, reply.headers, reply.content)
        except TEMPORARY as error:
            return Outcome(error=error)
        parsed = self._with_metadata(document, reply) if reply.status < ERROR else self._error(request.model, reply)
        return Outcome(reply, parsed)

    def _send(self, request: Request, end: float) -> Reply:
        seconds = end - time.monotonic()
        if seconds <= 0:
            raise ReadTimeoutError(endpoint_url=request.url, error="the time limit of the call has passed")
        credentials = self._credentials.get_frozen_credentials()
        signed = request.signer.headers(request.headers["X-Amz-Target"], request.body, credentials)
        # The checksum of a reply covers its bytes as they are sent.
        headers = {**request.headers, **signed, "Accept-Encoding": "identity"}
        return self._transport(request.url).send(headers, request.body, seconds=seconds)

    def _with_metadata(self, document: dict[str, Any], reply: Reply) -> dict[str, Any]:
        metadata = {"HTTPStatusCode": reply.status, "HTTPHeaders": reply.headers}
        if request_id := reply.headers.get("x-amzn-requestid"):
            metadata["RequestId"] = request_id
        document["ResponseMetadata"] = metadata
        return document

    def _error(self, model: Any, reply: Reply) -> dict[str, Any]:
        """An error as botocore parses it, with the members of its own shape, such as the item of a refused write."""
        response = {"status_code": reply.status, "headers": reply.headers, "body": reply.content, "context": {}}
        parsed: dict[str, Any] = self._error_parser.parse(response, model.output_shape)
        shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
        return parsed if shape is None else {**parsed, **self._error_parser.parse(response, shape)}

    def _transport(self, url: str) -> Transport:
        return self._transports.get(url) or self._transports.setdefault(url, Transport(url, **self._settings))

    def _signer(self, url: str, region: str, service: str) -> Signer:
        key = url, region, service
        if key not in self._signers:
            self._signers[key] = Signer(url, region=region, service=service)
        return self._signers[key]

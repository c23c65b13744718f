"""Conditional updates of several items in one call: BatchExecuteStatement, with PartiQL statements."""

import random
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from orders.dynamodb.attempts import may_be_done
from orders.dynamodb.client import connection
from orders.dynamodb.errors import (
    ConditionRefusedError,
    StatementRefusedError,
    UnsupportedOperationError,
    translated_errors,
)
from orders.dynamodb.operations import get, read
from orders.errors import StoreUnavailableError
from orders.reading import Item

UPDATES_LIMIT = 25
"""The maximum number of statements in one BatchExecuteStatement."""
WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds, at most, before each retry of the statements that failed for now. The wait is random up to this limit, so
that concurrent sweeps spread out."""

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
REFUSED = "ConditionalCheckFailed"
DENIED = "AccessDenied"
UNCERTAIN = "InternalServerError"
"""The update may have been made, as after a server error of any other call."""
TEMPORARY = frozenset(
    {UNCERTAIN, "ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError", "TransactionConflict"}
)

Result = Exception | None


class Update(NamedTuple):
    """A PartiQL statement that updates the item with this id if its condition is true.

    Values are literals in the statement. With parameters, botocore takes most of the CPU time of a call to check them.
    The caller makes sure that no text of a user is among them.
    """

    order_id: str
    statement: str


def execute_updates(updates: Sequence[Update]) -> list[Result]:
    """Make these updates, at most UPDATES_LIMIT, of different items. Each succeeds or fails on its own.

    Returns for each None if it was made, or what would be raised for a single one: ConditionRefusedError with the
    current order, StoreUnavailableError, or StatementRefusedError. Temporary failures are retried first.
    Raises UnsupportedOperationError if DynamoDB refuses the call or the caller's permission; then nothing was changed.
    """
    batch = _Batch(updates)
    batch.attempt()
    for seconds in WAITS:
        if not batch.pending:
            break
        time.sleep(random.uniform(0, seconds))  # noqa: S311 (not used for security)
        batch.attempt()
    return batch.results


class _Batch:
    """The updates of one `execute_updates`, the latest result of each and the numbers of those to retry."""

    def __init__(self, updates: Sequence[Update]) -> None:
        self.updates = updates
        self.results: list[Result] = [None] * len(updates)
        self.pending = list(range(len(updates)))
        self._uncertain: set[int] = set()
        self._outage: StoreUnavailableError | None = None

    def attempt(self) -> None:
        numbers, self.pending = self.pending, []
        try:
            reply = _call(self.updates[number] for number in numbers)
        except StoreUnavailableError as error:
            self._fail(numbers, error)
            return
        except UnsupportedOperationError as error:
            if len(numbers) == len(self.updates):
                raise
            # A retry of some, after others were made.
            self._fail(numbers, StatementRefusedError(str(error)))
            return
        if may_be_done(reply):
            self._uncertain.update(numbers)
        for number, response in zip(numbers, reply["Responses"], strict=True):
            self._take(number, response.get("Error"))

    def _fail(self, numbers: Iterable[int], error: Exception) -> None:
        for number in numbers:
            self.results[number] = error

    def _take(self, number: int, error: dict[str, Any] | None) -> None:
        self.results[number] = self._result(number, error) if error else None
        if error and error["Code"] in TEMPORARY:
            self.pending.append(number)
        if error and error["Code"] == UNCERTAIN:
            self._uncertain.add(number)

    def _result(self, number: int, error: dict[str, Any]) -> Exception:
        code, message = error["Code"], f"{error['Code']}: {error.get('Message', '')}"
        if code == REFUSED:
            return self._refusal(number, error.get("Item"))
        if code == DENIED:
            raise UnsupportedOperationError(message)
        return StoreUnavailableError(message) if code in TEMPORARY else StatementRefusedError(message)

    def _refusal(self, number: int, item: Item | None) -> Exception:
        # DynamoDB returns the item on request, but not every engine does.
        try:
            item = item or (None if self._outage else get(self.updates[number].order_id))
        except StoreUnavailableError as error:
            self._outage = error
        if self._outage:
            return self._outage
        return ConditionRefusedError(read(item) if item else None, may_be_done=number in self._uncertain)


def _call(updates: Iterable[Update]) -> dict[str, Any]:
    try:
        with translated_errors():
            reply: dict[str, Any] = connection().connection.dispatch(
                "BatchExecuteStatement", {"Statements": [_statement(update) for update in updates]}
            )
    except ClientError as error:
        # Permission is missing, the engine has no PartiQL, or the request is invalid.
        raise UnsupportedOperationError(str(error)) from error
    return reply


def _statement(update: Update) -> dict[str, Any]:
    return {"Statement": update.statement, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

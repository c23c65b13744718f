"""All calls to DynamoDB. No module outside this package sends any.

Every function raises StoreUnavailableError for a temporary fault and StoreMisconfiguredError for a wrong configuration.
"""

from orders.dynamodb.calls import recorded_calls
from orders.dynamodb.client import connection, prepare
from orders.dynamodb.conditions import FixedCondition
from orders.dynamodb.errors import ConditionRefusedError, StatementRefusedError, UnsupportedOperationError
from orders.dynamodb.operations import BATCH_GET_LIMIT, batch_get, count, get, ping, query, read, save_many, write
from orders.dynamodb.statements import UPDATES_LIMIT, Update, execute_updates
from orders.dynamodb.table import (
    create_table,
    describe_table,
    enable_point_in_time_recovery,
    table_exists,
    update_table,
)

__all__ = [
    "BATCH_GET_LIMIT",
    "UPDATES_LIMIT",
    "ConditionRefusedError",
    "FixedCondition",
    "StatementRefusedError",
    "UnsupportedOperationError",
    "Update",
    "batch_get",
    "connection",
    "count",
    "create_table",
    "describe_table",
    "enable_point_in_time_recovery",
    "execute_updates",
    "get",
    "ping",
    "prepare",
    "query",
    "read",
    "recorded_calls",
    "save_many",
    "table_exists",
    "update_table",
    "write",
]

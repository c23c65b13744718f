"""Only orders/dynamodb calls DynamoDB. An import contract covers botocore; this test covers PynamoDB."""

import re
from pathlib import Path

import orders

PACKAGE = Path(orders.__file__).parent
CALLS = re.compile(
    r"pynamodb\.(connection|pagination)|_get_connection|translated_errors"
    r"|\bOrder\.(get|query|scan|count|exists|batch_get|batch_write|create_table|delete_table|describe_table)\("
    r"|\bOrder\.by_\w+\.(query|scan|count)\("
)


def test_only_orders_dynamodb_calls_pynamodb():
    callers = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if CALLS.search(path.read_text())}
    assert callers == {"dynamodb"}

"""Fills a table of a local engine with many orders quickly: items made from templates, sent without a client."""

import http.client
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from orders.instants import write_instant
from orders.lifecycle import Status
from orders.models import HistoryEntry, new_order, status_key

SEED = 1
BATCH, THREADS = 25, 3
"""BatchWriteItem takes at most 25 items."""
GROUP = 100
OLDEST, DUE, RECENT = timedelta(days=90), timedelta(days=3), timedelta(hours=50)
"""Due orders are DUE to OLDEST old, and PENDING orders that are not due at most RECENT."""
OK = 200
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    # The engine requires a signature but does not check it.
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/ap-south-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
FORMER = ("order_id", "item", "quantity", "status", "customer_name", "customer_email", "created_at")

ID, CREATED, CUSTOMER = "11111111-2222-4333-8444-555555555555", "2001-02-03T04:05:06.000007Z", "customer-of-the-order"


def fill(table: str, count: int, *, due: int, at: datetime) -> None:
    """Put `count` orders into our table, of which `due` are due at `at`. Raises RuntimeError for a refused batch."""
    _put(table, _items(*_templates(), count, due, at))


def fill_former(table: str, count: int, *, at: datetime) -> None:
    """Put `count` orders into a former table. Raises RuntimeError for a refused batch."""
    pending, completed = _templates()
    _put(table, _items(_former(pending), _former(completed), count, 0, at))


def _put(table: str, items: Iterator[str]) -> None:
    batches = _batches(items)
    with ThreadPoolExecutor(THREADS) as pool:
        # In groups, because `map` reads all batches before it sends the first one.
        while group := list(islice(batches, GROUP)):
            list(pool.map(lambda batch: _send(table, batch), group))


def _templates() -> tuple[str, str]:
    """The items of a PENDING and of a COMPLETED order as JSON."""
    order = new_order(
        order_id=ID,
        item="Ceramic teapot",
        quantity=2,
        customer_name="Meera Iyer",
        customer_email=f"{CUSTOMER}@example.com",
        at=datetime.fromisoformat(CREATED),
        by="api-key:shop",
    )
    pending = json.dumps(order.serialize())
    for status in (Status.PROCESSING, Status.COMPLETED):
        order.history = [*order.history, HistoryEntry(status, order.created_at, "staff:anna")]
    order.status, order.version, order.status_key = Status.COMPLETED, 3, status_key(Status.COMPLETED, 0)
    return pending, json.dumps(order.serialize())


def _former(template: str) -> str:
    item = json.loads(template)
    return json.dumps({name: item[name] for name in FORMER})


def _items(pending: str, completed: str, count: int, due: int, at: datetime) -> Iterator[str]:
    random = Random(SEED)  # noqa: S311 (not used for security)
    for number in range(count):
        if number < due:
            template, age = pending, DUE + (OLDEST - DUE) * random.random()
        elif number % 10 == 0:
            template, age = pending, RECENT * random.random()
        else:
            template, age = completed, OLDEST * random.random()
        order_id = str(UUID(int=random.getrandbits(128), version=4))
        text = template.replace(ID, order_id).replace(CREATED, write_instant(at - age))
        yield text.replace(CUSTOMER, f"customer-{number % 5000}")


def _batches(items: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _send(table: str, items: Iterable[str]) -> None:
    puts = ",".join(f'{{"PutRequest":{{"Item":{item}}}}}' for item in items)
    address = urlsplit(os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    connection.request("POST", "/", f'{{"RequestItems":{{"{table}":[{puts}]}}}}', HEADERS)
    reply = connection.getresponse()
    answer: dict[str, Any] = json.loads(reply.read())
    connection.close()
    if reply.status != OK or answer.get("UnprocessedItems"):
        raise RuntimeError(f"The engine refused a batch: {answer}")

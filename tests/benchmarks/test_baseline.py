"""The baseline behaves like the former handlers, including their weaknesses."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from local import PROJECT

LAMBDA_CONTEXT = None


@pytest.fixture
def baseline(engine: str) -> Iterator[ModuleType]:
    """The handlers, with their own empty table."""
    module = import_module("benchmarks.baseline")
    table = module.dynamodb.Table("OrdersBaseline")
    module.dynamodb.create_table(
        TableName=table.name,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    ).wait_until_exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "table", table)
        yield module
    table.delete()


def call(baseline: ModuleType, method: str, order_id: str | None = None, body: Any = None) -> tuple[int, Any]:
    event = {
        "httpMethod": method,
        "pathParameters": {"order_id": order_id} if order_id else None,
        "body": json.dumps(body) if body else None,
    }
    reply = baseline.orders_handler(event, LAMBDA_CONTEXT)
    return reply["statusCode"], json.loads(reply["body"])


def place(baseline: ModuleType, *, age: timedelta = timedelta()) -> str:
    """Place a PENDING order of this age. Returns its id."""
    _, order = call(baseline, "POST", body={"item": "Teapot", "quantity": 2})
    created_at = (datetime.now(UTC) - age).replace(tzinfo=None).isoformat()
    baseline.table.put_item(Item={**order, "created_at": created_at})
    return order["order_id"]


def test_a_new_order_is_pending_with_the_former_defaults_and_a_naive_timestamp(baseline):
    status, order = call(baseline, "POST", body={"item": "Teapot", "quantity": 2})
    assert status == 201
    assert len(order.pop("order_id")) == 36
    assert datetime.fromisoformat(order.pop("created_at")).tzinfo is None
    assert order == {
        "item": "Teapot",
        "quantity": 2,
        "status": "PENDING",
        "customer_name": "anonymous",
        "customer_email": "",
    }


def test_an_order_without_its_required_fields_is_refused(baseline):
    assert call(baseline, "POST", body={"item": "Teapot"})[0] == 400


def test_an_order_can_be_read_by_its_id(baseline):
    order_id = place(baseline)
    status, order = call(baseline, "GET", order_id)
    assert (status, order["order_id"], order["quantity"]) == (200, order_id, 2)


def test_an_unknown_order_is_404(baseline):
    assert call(baseline, "GET", "no-such-order")[0] == 404


def test_a_list_contains_every_order_of_one_scan_page(baseline):
    placed = {place(baseline) for _ in range(3)}
    status, orders = call(baseline, "GET")
    assert (status, {order["order_id"] for order in orders}) == (200, placed)


def test_a_list_stops_at_the_first_scan_page(baseline):
    with baseline.table.batch_writer() as batch:
        for number in range(40):
            batch.put_item(Item={"order_id": str(number), "item": "x" * 50_000})
    assert 0 < len(call(baseline, "GET")[1]) < 40


def test_any_status_can_be_set(baseline):
    order_id = place(baseline)
    assert call(baseline, "PUT", order_id, {"status": "COMPLETED"})[1]["status"] == "COMPLETED"
    assert call(baseline, "PUT", order_id, {"status": "PENDING"})[1]["status"] == "PENDING"


def test_updating_an_unknown_order_creates_an_incomplete_one(baseline):
    call(baseline, "PUT", "no-such-order", {"status": "PENDING"})
    assert call(baseline, "GET", "no-such-order")[1] == {"order_id": "no-such-order", "status": "PENDING"}


def test_deleting_an_order_twice_succeeds(baseline):
    order_id = place(baseline)
    assert call(baseline, "DELETE", order_id)[0] == call(baseline, "DELETE", order_id)[0] == 200
    assert call(baseline, "GET", order_id)[0] == 404


def test_the_expiry_run_expires_pending_orders_older_than_60_hours_only(baseline):
    due, fresh = place(baseline, age=timedelta(hours=61)), place(baseline, age=timedelta(hours=59))
    moved = place(baseline, age=timedelta(hours=61))
    call(baseline, "PUT", moved, {"status": "PROCESSING"})
    reply = baseline.expiry_handler({}, LAMBDA_CONTEXT)
    statuses = [call(baseline, "GET", order_id)[1]["status"] for order_id in (due, fresh, moved)]
    assert json.loads(reply["body"]) == {"expired": 1}
    assert statuses == ["EXPIRED", "PENDING", "PROCESSING"]
    assert datetime.fromisoformat(call(baseline, "GET", due)[1]["expired_at"]).tzinfo is None


def test_the_baseline_imports_nothing_of_this_project():
    # Otherwise its cold start would be slower, and the benchmark compares it with this app's.
    names = "{'django', 'pynamodb', 'rest_framework', 'rich', 'orders', 'accounts', 'ordersite'}"
    done = python("-c", f"import sys, benchmarks.baseline; sys.exit({names} & set(sys.modules) or 0)")
    assert (done.returncode, done.stderr) == (0, "")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)

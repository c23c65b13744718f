"""A reproduction of the two Lambda handlers that Ordersite replaces, as the baseline of the benchmarks.

It scans the table but reads only the first page, writes unconditionally, has no authentication and stores naive
timestamps. These weaknesses must stay, because they are part of the comparison. It imports boto3 but nothing of this
project, because cold starts are compared too.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
from boto3.dynamodb.conditions import Attr

EXPIRY_HOURS = 60

dynamodb = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION", "ap-south-1"))
table = dynamodb.Table(os.environ.get("BASELINE_TABLE", "Orders"))

Event = dict[str, Any]
Response = dict[str, Any]


def orders_handler(event: Event, context: object) -> Response:
    """Handle an API Gateway proxy event for one of the five endpoints."""
    method = event["httpMethod"]
    order_id = (event.get("pathParameters") or {}).get("order_id")
    if order_id is None:
        return {"POST": create_order, "GET": list_orders}.get(method, _not_allowed)(event)
    return {"GET": get_order, "PUT": update_order, "DELETE": delete_order}.get(method, _not_allowed)(event)


def expiry_handler(event: Event, context: object) -> Response:
    """Expire the due orders on the first page of a Scan."""
    cutoff = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=EXPIRY_HOURS)
    due = table.scan(FilterExpression=Attr("status").eq("PENDING") & Attr("created_at").lt(cutoff.isoformat()))["Items"]
    for order in due:
        table.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET #status = :status, expired_at = :now",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": "EXPIRED", ":now": _now()},
        )
    return _response(200, {"expired": len(due)})


def create_order(event: Event) -> Response:
    body = json.loads(event["body"] or "{}")
    if "item" not in body or "quantity" not in body:
        return _response(400, {"error": "item and quantity are required"})
    order = {
        "order_id": str(uuid4()),
        "item": body["item"],
        "quantity": body["quantity"],
        "status": "PENDING",
        "customer_name": body.get("customer_name", "anonymous"),
        "customer_email": body.get("customer_email", ""),
        "created_at": _now(),
    }
    table.put_item(Item=order)
    return _response(201, order)


def list_orders(event: Event) -> Response:
    return _response(200, table.scan()["Items"])


def get_order(event: Event) -> Response:
    order = table.get_item(Key=_key(event)).get("Item")
    return _response(200, order) if order else _response(404, {"error": "order not found"})


def update_order(event: Event) -> Response:
    body = json.loads(event["body"] or "{}")
    if "status" not in body:
        return _response(400, {"error": "status is required"})
    updated = table.update_item(
        Key=_key(event),
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": body["status"]},
        ReturnValues="ALL_NEW",
    )
    return _response(200, updated["Attributes"])


def delete_order(event: Event) -> Response:
    table.delete_item(Key=_key(event))
    return _response(200, {"message": "order deleted"})


def _not_allowed(event: Event) -> Response:
    return _response(405, {"error": f"{event['httpMethod']} is not allowed"})


def _key(event: Event) -> dict[str, str]:
    return {"order_id": event["pathParameters"]["order_id"]}


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat()


def _response(status: int, body: object) -> Response:
    # boto3 returns numbers as Decimal, which json cannot encode. All of them are integers.
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=int),
    }

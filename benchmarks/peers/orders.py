"""The orders table with boto3, for both peers."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

EXPIRY = timedelta(hours=60)
TRANSITIONS = {"PENDING": ["PROCESSING", "CANCELLED"], "PROCESSING": ["COMPLETED", "CANCELLED"]}
FIELDS = (
    "order_id",
    "item",
    "status",
    "customer_name",
    "customer_email",
    "created_at",
    "updated_at",
    "history",
)
PAGE = 25

table = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION", "ap-south-1")).Table(
    os.environ.get("ORDERS_TABLE", "Orders")
)

Document = dict[str, Any]


class NotFoundError(Exception):
    pass


class ConflictError(Exception):
    def __init__(self, order: Document) -> None:
        super().__init__(f"The order is {order['status']}.")
        self.order = order


def place(*, item: str, quantity: int, customer_name: str, customer_email: str, by: str) -> Document:
    order_id, now = str(uuid4()), _now()
    order = {
        "order_id": order_id,
        "item": item,
        "quantity": quantity,
        "status": "PENDING",
        "customer_name": customer_name,
        "customer_email": customer_email,
        "created_at": now,
        "updated_at": now,
        "version": 1,
        "history": [{"status": "PENDING", "at": now, "by": by}],
        "status_key": "PENDING#0",
        "listing_key": "ORDERS#0",
        "created_key": f"{now}#{order_id}",
    }
    if customer_email:
        order["customer_key"] = customer_email.lower()
    table.put_item(Item=order, ConditionExpression=Attr("order_id").not_exists())
    return document(order)


def get(order_id: str) -> Document:
    """Raises NotFoundError."""
    order = table.get_item(Key={"order_id": order_id}, ConsistentRead=True).get("Item")
    if order is None:
        raise NotFoundError
    return document(order)


def change_status(order_id: str, status: str, *, by: str) -> Document:
    """Raises NotFoundError and ConflictError."""
    now = _now()
    sources = [source for source, targets in TRANSITIONS.items() if status in targets]
    try:
        reply = table.update_item(
            Key={"order_id": order_id},
            UpdateExpression="SET #status = :status, updated_at = :now, version = version + :one, "
            "history = list_append(history, :entry), status_key = :key",
            ConditionExpression=Attr("status").is_in(sources),
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":status": status,
                ":now": now,
                ":one": 1,
                ":entry": [{"status": status, "at": now, "by": by}],
                ":key": f"{status}#0",
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        if "Item" not in error.response:
            raise NotFoundError from None
        raise ConflictError(error.response["Item"]) from None
    return document(reply["Attributes"])


def delete(order_id: str) -> None:
    """Raises NotFoundError."""
    try:
        table.delete_item(Key={"order_id": order_id}, ConditionExpression=Attr("order_id").exists())
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise NotFoundError from None


def newest() -> Document:
    """The first page, without filters."""
    reply = table.query(
        IndexName="by_created",
        KeyConditionExpression=Key("listing_key").eq("ORDERS#0"),
        ScanIndexForward=False,
        Limit=PAGE,
    )
    last = reply.get("LastEvaluatedKey")
    return {"results": [document(order) for order in reply["Items"]], "next": last and last["created_key"]}


def document(order: Document) -> Document:
    created_at = datetime.fromisoformat(order["created_at"])
    pending = order["status"] == "PENDING"
    return {
        **{name: order[name] for name in FIELDS},
        "quantity": int(order["quantity"]),
        "version": int(order["version"]),
        "expired_at": order.get("expired_at"),
        "expires_at": _written(created_at + EXPIRY) if pending else None,
        "allowed_transitions": TRANSITIONS.get(order["status"], []),
    }


def _now() -> str:
    return _written(datetime.now(UTC))


def _written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S.%fZ}"

"""A bare handler for a page of 25: one Query with boto3, and its items as JSON. Imports nothing of this project."""

import json
import os
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION", "ap-south-1")).Table(
    os.environ.get("ORDERS_TABLE", "Orders")
)


def list_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    reply = table.query(
        IndexName="by_created",
        KeyConditionExpression=Key("listing_key").eq("ORDERS#0"),
        ScanIndexForward=False,
        Limit=25,
    )
    # boto3 returns numbers as Decimal, which json cannot encode. All of them are integers.
    body = json.dumps({"results": reply["Items"], "next": reply.get("LastEvaluatedKey")}, default=int)
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}

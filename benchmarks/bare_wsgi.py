"""A bare WSGI application: GET and POST of an order with a botocore client, without a framework or checks."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import botocore.session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TABLE = os.environ.get("BASELINE_TABLE", "Orders")

dynamodb = botocore.session.get_session().create_client("dynamodb", os.environ.get("AWS_REGION", "ap-south-1"))


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST":
        status, item = "201 Created", _create(environ)
    else:
        key = {"order_id": {"S": environ["PATH_INFO"].rpartition("/")[2]}}
        status, item = "200 OK", dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    order = {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}
    body = json.dumps(order).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _create(environ: "WSGIEnvironment") -> dict[str, dict[str, str]]:
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    item = {
        "order_id": {"S": str(uuid4())},
        "item": {"S": body["item"]},
        "quantity": {"N": str(body["quantity"])},
        "status": {"S": "PENDING"},
        "customer_name": {"S": body.get("customer_name", "anonymous")},
        "customer_email": {"S": body.get("customer_email", "")},
        "created_at": {"S": datetime.now(UTC).replace(tzinfo=None).isoformat()},
    }
    dynamodb.put_item(TableName=TABLE, Item=item)
    return item

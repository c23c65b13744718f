"""The API on the resolver of Powertools for AWS Lambda and boto3. It has no authentication and no throttling."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError

from benchmarks.peers import orders

ALLOWED = {"item", "quantity", "customer_name", "customer_email"}
BY = "system:api"

app = APIGatewayRestResolver()


@app.exception_handler(orders.NotFoundError)
def not_found(error: Exception) -> Response[str]:
    return Response(404, "application/json", json.dumps({"message": "There is no such order."}))


@app.exception_handler(orders.ConflictError)
def conflict(error: Exception) -> Response[str]:
    return Response(409, "application/json", json.dumps({"message": str(error)}))


@app.post("/orders")
def place() -> tuple[orders.Document, int]:
    return orders.place(**_new_order(app.current_event.json_body), by=BY), 201


@app.get("/orders")
def newest() -> orders.Document:
    return orders.newest()


@app.get("/orders/<order_id>")
def get(order_id: str) -> orders.Document:
    return orders.get(order_id)


@app.put("/orders/<order_id>")
def change(order_id: str) -> orders.Document:
    body = app.current_event.json_body
    if not isinstance(body, dict) or set(body) != {"status"} or not isinstance(body["status"], str):
        raise BadRequestError("status is required")
    return orders.change_status(order_id, body["status"].upper(), by=BY)


@app.delete("/orders/<order_id>")
def delete(order_id: str) -> tuple[None, int]:
    orders.delete(order_id)
    return None, 204


def _new_order(body: Any) -> dict[str, Any]:
    """The fields of a new order. Raises BadRequestError."""
    if not isinstance(body, dict) or not body.keys() <= ALLOWED:
        raise BadRequestError(f"The body must be an object with only {', '.join(sorted(ALLOWED))}.")
    fields = {"customer_name": "anonymous", "customer_email": "", **body}
    for name, longest in (("item", 200), ("customer_name", 200), ("customer_email", 254)):
        if not isinstance(fields.get(name), str) or len(fields[name]) > longest:
            raise BadRequestError(f"{name} must be a text of at most {longest} characters.")
    quantity = fields.get("quantity")
    if type(quantity) is not int or not 1 <= quantity <= 1_000_000:  # noqa: PLR2004
        raise BadRequestError("quantity must be a whole number from 1 to 1,000,000.")
    return fields


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return app.resolve(event, context)  # type: ignore[arg-type]

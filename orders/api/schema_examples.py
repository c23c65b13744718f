"""Examples of requests and responses for /schema. The tests validate each against its schema.

Together they show how an order is placed, read and changed, and how another change is refused.
"""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework.exceptions import NotAcceptable, Throttled, UnsupportedMediaType

from orders.api.encoding import BodyTooLargeError
from orders.api.problems import problem
from orders.api.representation import unreadable_document
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    StoreUnavailableError,
    UnreadableOrderError,
    VersionMismatchError,
)
from orders.message import Message
from orders.reading import UnreadableOrder

NEW_ORDER: dict[str, Any] = {
    "item": "Walnut desk",
    "quantity": 1,
    "customer_name": "Ada Lovelace",
    "customer_email": "ada@example.com",
}
ORDER: dict[str, Any] = {
    "order_id": "4faf292e-b49b-41ba-93d0-2bbcaaee1d7f",
    **NEW_ORDER,
    "status": "PENDING",
    "created_at": "2026-11-23T02:33:00.026006Z",
    "updated_at": "2026-11-23T02:33:00.026006Z",
    "expired_at": None,
    "version": 1,
    "expires_at": "2026-11-25T14:33:00.026006Z",
    "allowed_transitions": ["PROCESSING", "CANCELLED"],
    "history": [{"status": "PENDING", "at": "2026-11-23T02:33:00.026006Z", "by": "api-key:shop"}],
}
PROCESSING: dict[str, Any] = {
    **ORDER,
    "status": "PROCESSING",
    "updated_at": "2026-11-23T08:10:42.500000Z",
    "version": 2,
    "expires_at": None,
    "allowed_transitions": ["COMPLETED", "CANCELLED"],
    "history": [
        *ORDER["history"],
        {"status": "PROCESSING", "at": "2026-11-23T08:10:42.500000Z", "by": "staff:anna"},
    ],
}
PAGE: dict[str, Any] = {
    "results": [PROCESSING],
    "next": "https://orders.example.com/orders?limit=1&cursor=WyJvbGRlciIs…",
    "previous": None,
}
LIFECYCLE: dict[str, Any] = {
    "statuses": ["PENDING", "PROCESSING", "COMPLETED", "CANCELLED", "EXPIRED"],
    "initial": "PENDING",
    "terminal": ["COMPLETED", "CANCELLED", "EXPIRED"],
    "transitions": {
        "PENDING": ["PROCESSING", "CANCELLED"],
        "PROCESSING": ["COMPLETED", "CANCELLED"],
        "COMPLETED": [],
        "CANCELLED": [],
        "EXPIRED": [],
    },
    "expiry": {"from": "PENDING", "to": "EXPIRED", "after_hours": 60},
}
HEALTHY: dict[str, Any] = {"status": "ok", "checks": {"dynamodb": "ok", "database": "ok"}}
UNHEALTHY: dict[str, Any] = {"status": "unavailable", "checks": {"dynamodb": "unavailable", "database": "ok"}}


PROBLEMS: dict[int, dict[str, Any]] = {
    400: problem(
        HTTPStatus.BAD_REQUEST,
        "invalid",
        "The request is invalid. `errors` lists each error.",
        [
            {
                "field": "quantity",
                "detail": "Ensure this value is greater than or equal to 1.",
                "code": "min_value",
            },
            {
                "field": "colour",
                "detail": "There is no such field. Allowed: item, quantity, customer_name, customer_email.",
                "code": "unknown_field",
            },
        ],
    ),
    401: problem(
        HTTPStatus.UNAUTHORIZED,
        "invalid_api_key",
        "This API key is not valid. Check that the whole key was copied, or request a new one.",
    ),
    403: problem(
        HTTPStatus.FORBIDDEN, "read_only_api_key", "This API key is read-only. Use a read-write key to change orders."
    ),
    404: problem(HTTPStatus.NOT_FOUND, OrderNotFoundError.code, str(OrderNotFoundError(ORDER["order_id"]))),
    406: problem(HTTPStatus.NOT_ACCEPTABLE, NotAcceptable.default_code, str(NotAcceptable.default_detail)),
    409: {
        **problem(
            HTTPStatus.CONFLICT,
            IllegalTransitionError.code,
            f"Order {ORDER['order_id']} is PROCESSING and cannot become PENDING. Allowed: COMPLETED or CANCELLED.",
        ),
        "order": PROCESSING,
    },
    411: problem(HTTPStatus.LENGTH_REQUIRED, "length_required", "Send the body with a Content-Length."),
    412: {
        **problem(
            HTTPStatus.PRECONDITION_FAILED,
            VersionMismatchError.code,
            f"Order {ORDER['order_id']} is now at version 2. Read it again before you change it.",
        ),
        "order": PROCESSING,
    },
    413: problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BodyTooLargeError.default_code, BodyTooLargeError.default_detail),
    415: problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UnsupportedMediaType.default_code,
        'Unsupported media type "text/plain" in request.',
    ),
    422: problem(HTTPStatus.UNPROCESSABLE_ENTITY, IdempotencyKeyReusedError.code, str(IdempotencyKeyReusedError())),
    429: problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        Throttled.default_code,
        "Request was throttled. Expected available in 12 seconds.",
    ),
    503: problem(HTTPStatus.SERVICE_UNAVAILABLE, StoreUnavailableError.code, str(StoreUnavailableError(""))),
}


NOT_AN_ORDER = UnreadableOrder(ORDER["order_id"], (Message("%(name)s is missing.", name="quantity"),), {})
UNREADABLE: dict[str, Any] = {
    **problem(HTTPStatus.CONFLICT, UnreadableOrderError.code, str(UnreadableOrderError(NOT_AN_ORDER))),
    "unreadable": unreadable_document(NOT_AN_ORDER),
}

PLACE = [
    OpenApiExample("Every field", value=NEW_ORDER, request_only=True),
    OpenApiExample("Required fields only", value={"item": "Walnut desk", "quantity": 1}, request_only=True),
]
CHANGE_STATUS = [OpenApiExample("Start processing", value={"status": "PROCESSING"}, request_only=True)]


def response(name: str, value: dict[str, Any]) -> list[OpenApiExample]:
    """The examples of an OpenApiResponse, which adds the status and the media type."""
    return [OpenApiExample(name, value=value)]

"""What /schema says of the endpoints (OpenAPI 3.1). Nothing here takes part in answering a request."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers

from orders.api.serializers import (
    ChangeStatusSerializer,
    ListOrdersSerializer,
    PlaceOrderSerializer,
    StatusField,
)
from orders.lifecycle import Status
from orders.models import MAX_QUANTITY
from orders.reading import MAX_INTEGER

HEALTH_STATES = ["ok", "unavailable"]

PROBLEM = "application/problem+json"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's own hook
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ANN401, ARG002
        description = "`Authorization: Api-Key <key>`"
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionAuthentication"
    name = "cookieAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ANN401, ARG002
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


# --- Bodies -----------------------------------------------------------------------------------------------------------


@extend_schema_serializer(component_name="HistoryEntry")
class HistoryEntrySchema(serializers.Serializer[Any]):
    status = StatusField()
    at = serializers.DateTimeField()
    by = serializers.CharField(help_text="Whose hand it was: `staff:…`, `api-key:…` or `system:…`.")


@extend_schema_serializer(component_name="Order")
class OrderSchema(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    item = serializers.CharField()
    quantity = serializers.IntegerField(
        min_value=-MAX_INTEGER,
        max_value=MAX_INTEGER,
        help_text=f"1 to {MAX_QUANTITY:,}; an order that another program wrote may have any whole number.",
    )
    status = StatusField()
    customer_name = serializers.CharField()
    customer_email = serializers.CharField(help_text="Empty where none was given.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    expired_at = serializers.DateTimeField(allow_null=True, help_text="When it expired; null unless EXPIRED.")
    version = serializers.IntegerField(help_text="1 for a new order, one more with each entry of the history.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="After this it expires; null unless PENDING.")
    allowed_transitions = serializers.ListField(child=StatusField(), help_text="What PUT may set now.")
    history = HistoryEntrySchema(many=True, help_text="Every status it has had, oldest first.")


@extend_schema_serializer(component_name="UnreadableOrder")
class UnreadableOrderSchema(serializers.Serializer[Any]):
    """Something in the table that cannot be read as an order, because another program wrote it."""

    order_id = serializers.CharField()
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="A sentence for each attribute that is not as it must be."
    )


# `many`: the page is one object, whatever drf-spectacular expects of an action named list.
@extend_schema_serializer(component_name="Page", many=False)
class PageSchema(serializers.Serializer[Any]):
    results = OrderSchema(many=True)
    unreadable = UnreadableOrderSchema(
        many=True,
        required=False,
        help_text="The orders of this page that cannot be read. Only on a page that has some; `limit` counts them.",
    )
    next = serializers.URLField(allow_null=True, help_text="The page of older orders.")
    previous = serializers.URLField(allow_null=True, help_text="The page of newer orders.")


@extend_schema_serializer(component_name="FieldError")
class FieldErrorSchema(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Empty where no single field is to blame.", allow_blank=True)
    detail = serializers.CharField()
    code = serializers.CharField()


@extend_schema_serializer(component_name="Problem")
class ProblemSchema(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for the person who reads the log.")
    code = serializers.CharField(help_text="What a program decides by; it never changes.")
    errors = FieldErrorSchema(many=True)  # type: ignore[assignment]  # REST framework takes fields off the class


@extend_schema_serializer(component_name="ProblemWithOrder")
class ProblemWithOrderSchema(ProblemSchema):
    order = OrderSchema(help_text="The order as it stands.")


@extend_schema_serializer(component_name="UnreadableOrderProblem")
class UnreadableOrderProblemSchema(ProblemSchema):
    """`unreadable_order`."""

    unreadable = UnreadableOrderSchema()


@extend_schema_serializer(component_name="ConflictProblem")
class ConflictProblemSchema(ProblemSchema):
    """`illegal_transition` with `order`, or `unreadable_order` with `unreadable`."""

    order = OrderSchema(required=False, help_text="The order as it stands.")
    unreadable = UnreadableOrderSchema(required=False)


@extend_schema_serializer(component_name="Expiry")
class ExpirySchema(serializers.Serializer[Any]):
    to = StatusField()
    after_hours = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's.
        return {"from": StatusField(), **super().get_fields()}


@extend_schema_serializer(component_name="Transitions")
class TransitionsSchema(serializers.Serializer[Any]):
    """From each status, the ones that PUT may set."""

    def get_fields(self) -> dict[str, Any]:
        return {status.value: serializers.ListField(child=StatusField()) for status in Status}


@extend_schema_serializer(component_name="Lifecycle")
class LifecycleSchema(serializers.Serializer[Any]):
    statuses = serializers.ListField(child=StatusField())
    initial = StatusField()
    terminal = serializers.ListField(child=StatusField())
    transitions = TransitionsSchema()
    expiry = ExpirySchema()


@extend_schema_serializer(component_name="HealthChecks")
class HealthChecksSchema(serializers.Serializer[Any]):
    dynamodb = serializers.ChoiceField(choices=HEALTH_STATES)
    database = serializers.ChoiceField(choices=HEALTH_STATES)


@extend_schema_serializer(component_name="Health")
class HealthSchema(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=HEALTH_STATES)
    checks = HealthChecksSchema()


# --- Refusals and headers ---------------------------------------------------------------------------------------------

REFUSALS: Mapping[int, str] = {
    400: "The request has errors; each is named.",
    401: "Nobody is named, or the API key does not count.",
    403: "The caller may not do this.",
    404: "There is no such order.",
    406: "Only JSON is offered.",
    409: "The lifecycle has no arrow from the order's status to the one asked for, or the order cannot be read.",
    412: "The order has been changed since, or matches If-None-Match; the answer shows it.",
    411: "The body has no Content-Length, and the server cannot read it without.",
    413: "The body is too large.",
    415: "The body is not JSON, is compressed, or is not UTF-8.",
    422: "The Idempotency-Key has placed a different order.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "DynamoDB does not answer, or it took too long; `Retry-After` says when to come back.",
}
TO_EVERYBODY = (406, 429)
EVERYWHERE = (400, 401, 403, *TO_EVERYBODY, 503)
WITH_BODY = (411, 413, 415)
DOCUMENTS: Mapping[int, type[ProblemSchema]] = {409: ConflictProblemSchema, 412: ProblemWithOrderSchema}
UNREADABLE = {(409, PROBLEM): OpenApiResponse(UnreadableOrderProblemSchema, description="The order cannot be read.")}


def _refusals(*statuses: int, everywhere: tuple[int, ...] = EVERYWHERE) -> dict[Any, Any]:
    return {
        (status, PROBLEM): OpenApiResponse(DOCUMENTS.get(status, ProblemSchema), description=REFUSALS[status])
        for status in sorted({*everywhere, *statuses})
    }


def _request_header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


def _response_header(name: str, description: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=list(statuses))


ETAG = 'The version of the order: `"3"`. After another program has set its status, `"3-CANCELLED"`.'
IF_MATCH = _request_header("If-Match", 'Only if the order still has this entity tag: `"3"`.')

IF_NONE_MATCH = _request_header("If-None-Match", 'Only if the order is not at this version: `"3"`. `*` is any version.')

ORDERS = extend_schema_view(
    list=extend_schema(
        operation_id="list_orders",
        summary="List orders, newest first",
        description="Lists are eventually consistent: they may lag behind a write by moments. With a status, a page "
        "may be short or empty and still have a `next`.",
        parameters=[ListOrdersSerializer, _response_header("Link", "The neighbouring pages (RFC 8288).", 200)],
        responses={(200, "application/json"): PageSchema, **_refusals()},
    ),
    create=extend_schema(
        operation_id="place_order",
        summary="Place an order",
        parameters=[
            _request_header("Idempotency-Key", "1 to 255 characters; a repeat with the same key places nothing new."),
            _response_header("Location", "Where the order is.", 201),
            _response_header("ETag", ETAG, 201),
            _response_header("Idempotent-Replayed", "`true` where the order had been placed before.", 201),
        ],
        request={"application/json": PlaceOrderSerializer},
        responses={(201, "application/json"): OrderSchema, **_refusals(*WITH_BODY, 422), **UNREADABLE},
    ),
    retrieve=extend_schema(
        operation_id="get_order",
        summary="Get an order",
        parameters=[
            _request_header("If-None-Match", "Answer 304 if the order still has this entity tag."),
            _response_header("ETag", ETAG, 200, 304),
        ],
        responses={
            (200, "application/json"): OrderSchema,
            304: OpenApiResponse(description="The order still has the entity tag that If-None-Match named."),
            **_refusals(404),
            **UNREADABLE,
        },
    ),
    update=extend_schema(
        operation_id="change_status",
        summary="Change the status of an order",
        description="Setting the status that the order already has succeeds and changes nothing.",
        parameters=[IF_MATCH, IF_NONE_MATCH, _response_header("ETag", ETAG, 200)],
        request={"application/json": ChangeStatusSerializer},
        responses={(200, "application/json"): OrderSchema, **_refusals(*WITH_BODY, 404, 409, 412)},
    ),
    destroy=extend_schema(
        operation_id="delete_order",
        summary="Delete an order",
        parameters=[IF_MATCH, IF_NONE_MATCH],
        responses={204: OpenApiResponse(description="It is gone."), **_refusals(404, 412), **UNREADABLE},
    ),
)

LIFECYCLE = extend_schema_view(
    get=extend_schema(
        operation_id="get_lifecycle",
        summary="The statuses, the transitions and when a PENDING order expires",
        auth=[],
        responses={(200, "application/json"): LifecycleSchema, **_refusals(400, everywhere=TO_EVERYBODY)},
    )
)

HEALTH = extend_schema_view(
    get=extend_schema(
        operation_id="get_health",
        summary="Whether the parts that a request needs do answer",
        auth=[],
        responses={
            (200, "application/json"): HealthSchema,
            (503, "application/json"): OpenApiResponse(HealthSchema, description="A part does not answer."),
            **_refusals(400, 406, everywhere=()),
        },
    )
)

HIDDEN = extend_schema(exclude=True)


def without_trailing_slashes(endpoints: list[tuple[str, ...]], **_: Any) -> list[tuple[str, ...]]:  # noqa: ANN401
    """Each endpoint once: drf-spectacular's preprocessing hook."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]

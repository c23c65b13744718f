"""The OpenAPI 3.1 document at /schema: its view, and the descriptions of all endpoints.

Only a request for the document imports this module, because drf-spectacular is slow to import. The descriptions are
therefore attached here and not by decorators in the views.

The document is as strict as the server, which accepts the requests that it allows and refuses the others. The tests
validate every response against it, and tests/schema sends requests generated from it.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import get_script_prefix
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.api import schema_examples as examples
from orders.api import schema_fields, views
from orders.api import schema_headers as headers
from orders.api.health import HealthView
from orders.api.media_types import HTML, JSON, PROBLEM_JSON
from orders.api.serializers import (
    ChangeStatusSerializer,
    ListOrdersSerializer,
    NoParametersSerializer,
    PlaceOrderSerializer,
    validate,
)
from orders.lifecycle import Status
from orders.models import MAX_QUANTITY
from orders.reading import MAX_INTEGER, MAX_ORDER_ID

DESCRIPTION = """
Place orders, read them and move them along their lifecycle:

    PENDING -> PROCESSING -> COMPLETED
    PENDING or PROCESSING -> CANCELLED
    PENDING -> EXPIRED, by the system, when the order is too old (see GET /lifecycle)

**Authentication.** Programs send `Authorization: Api-Key <key>`. Staff can use the session of their login.

**Errors** are problem documents (RFC 9457, `application/problem+json`). Use `code`, which never changes, in programs;
`detail` is for people. `errors` names each invalid field or parameter. An unknown URL returns 404, and a method that
the URL does not support 405.

**Retries.** After a 429 or 503, wait the number of seconds in `Retry-After`. After a 503, or if no response arrives,
the request may or may not have taken effect. It is safe to repeat a PUT, a DELETE, or a POST with an
`Idempotency-Key`.

**Compatibility.** Requests may contain only the documented fields and parameters; others are refused by name. Responses
may get new fields; ignore the ones that you do not know.
""".strip()

HEALTH_STATES = ["ok", "unavailable"]


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's own hook
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        # OpenAPI's `http` type would fit better, but tools support only Basic and Bearer there.
        description = (
            "For programs. The header is `Authorization: Api-Key <key>`; a client generated from this document must be "
            "given the whole value, including `Api-Key `. On the page `/docs`, paste only the key, as it was printed. "
            "A key is read-only or read-write. Create one with `manage.py create_api_key --name shop` or in the admin."
        )
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        description = (
            "For staff who have signed in at `/admin/`. POST, PUT and DELETE also need Django's CSRF token in the "
            "`X-CSRFToken` header."
        )
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": description}


# --- Bodies -----------------------------------------------------------------------------------------------------------


class StatusChoice(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=list(Status), **options)


@extend_schema_field(
    {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
    }
)
class WrittenInstant(serializers.CharField):
    """UTC with microseconds, as `orders.instants.write_instant` writes it."""


@extend_schema_serializer(component_name="HistoryEntry")
class HistoryEntrySchema(serializers.Serializer[Any]):
    status = StatusChoice()
    at = WrittenInstant(help_text="When the order got this status.")
    by = serializers.CharField(
        help_text="Who set it: `staff:<username>`, `api-key:<name of the key>` or `system:<part>`. "
        "`system:outside` means that another program set it; `at` is when this was detected."
    )


@extend_schema_serializer(component_name="Order", examples=[OpenApiExample("A new order", value=examples.ORDER)])
class OrderSchema(serializers.Serializer[Any]):
    order_id = serializers.CharField(help_text="A UUID; orders of the former system may have other ids.")
    item = serializers.CharField(help_text="What was ordered.")
    quantity = serializers.IntegerField(
        min_value=-MAX_INTEGER,
        max_value=MAX_INTEGER,
        help_text=f"1 to {MAX_QUANTITY:,}. An order that another program wrote may have any whole number.",
    )
    status = StatusChoice()
    customer_name = serializers.CharField(help_text="`anonymous` if the request had none.")
    customer_email = serializers.CharField(help_text="Empty if the request had none.")
    created_at = WrittenInstant(help_text="When the order was placed.")
    updated_at = WrittenInstant(help_text="When the status last changed.")
    expired_at = WrittenInstant(allow_null=True, help_text="When the order expired; null unless it is EXPIRED.")
    version = serializers.IntegerField(
        min_value=0,
        help_text="1 for a new order; increases by 1 with each entry of the history. 0 for an order of the former "
        "system that has not changed since.",
    )
    expires_at = WrittenInstant(
        allow_null=True, help_text="When the order expires if it stays PENDING; null for any other status."
    )
    allowed_transitions = serializers.ListField(child=StatusChoice(), help_text="The statuses that PUT can set now.")
    history = HistoryEntrySchema(many=True, help_text="Every status that the order has had, oldest first.")


@extend_schema_serializer(component_name="UnreadableOrder")
class UnreadableOrderSchema(serializers.Serializer[Any]):
    """An order that cannot be read, because another program wrote invalid data."""

    order_id = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="One sentence per invalid attribute.")


# `many=False`, because the page is one object, but drf-spectacular expects an action named list to return an array.
@extend_schema_serializer(component_name="Page", many=False)
class PageSchema(serializers.Serializer[Any]):
    results = OrderSchema(many=True)
    unreadable = UnreadableOrderSchema(
        many=True,
        required=False,
        help_text="The orders of this page that cannot be read. Absent if there are none. They count towards `limit`.",
    )
    next = serializers.URLField(allow_null=True, help_text="The URL of the next page, with older orders.")
    previous = serializers.URLField(allow_null=True, help_text="The URL of the previous page, with newer orders.")


@extend_schema_serializer(component_name="FieldError")
class FieldErrorSchema(serializers.Serializer[Any]):
    field = serializers.CharField(
        help_text="The field, parameter or header. Empty if the error concerns the whole request.", allow_blank=True
    )
    detail = serializers.CharField(help_text="What is wrong, for people.")
    code = serializers.CharField(help_text="What is wrong, for programs. It never changes.")


@extend_schema_serializer(component_name="Problem")
class ProblemSchema(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField(help_text="Always `about:blank`; `code` identifies the problem.")
    title = serializers.CharField(help_text="The name of the HTTP status.")
    status = serializers.IntegerField(min_value=400, max_value=599, help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What went wrong and what to do about it, for people.")
    code = serializers.CharField(help_text="What went wrong, for programs. It never changes.")
    errors = FieldErrorSchema(  # type: ignore[assignment]  # REST framework takes fields off the class
        many=True, help_text="One entry per invalid field, parameter or header."
    )


@extend_schema_serializer(component_name="ProblemWithOrder")
class ProblemWithOrderSchema(ProblemSchema):
    """Why a request was refused (RFC 9457), with the current state of the order."""

    order = OrderSchema(help_text="The current state of the order.")


@extend_schema_serializer(component_name="UnreadableOrderProblem")
class UnreadableOrderProblemSchema(ProblemSchema):
    """The code is `unreadable_order`."""

    unreadable = UnreadableOrderSchema()


@extend_schema_serializer(component_name="ConflictProblem")
class ConflictProblemSchema(ProblemSchema):
    """The code is `illegal_transition`, with `order`, or `unreadable_order`, with `unreadable`."""

    order = OrderSchema(required=False, help_text="The current state of the order.")
    unreadable = UnreadableOrderSchema(required=False)


@extend_schema_serializer(component_name="Expiry")
class ExpirySchema(serializers.Serializer[Any]):
    to = StatusChoice()
    after_hours = serializers.IntegerField(min_value=1, help_text="Hours after `created_at`.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is a keyword in Python.
        return {"from": StatusChoice(), **super().get_fields()}


@extend_schema_serializer(component_name="Transitions")
class TransitionsSchema(serializers.Serializer[Any]):
    """For each status, the statuses that PUT can set."""

    def get_fields(self) -> dict[str, Any]:
        return {status.value: serializers.ListField(child=StatusChoice()) for status in Status}


@extend_schema_serializer(component_name="Lifecycle")
class LifecycleSchema(serializers.Serializer[Any]):
    statuses = serializers.ListField(child=StatusChoice(), help_text="All statuses.")
    initial = StatusChoice(help_text="The status of a new order.")
    terminal = serializers.ListField(child=StatusChoice(), help_text="The statuses that are final.")
    transitions = TransitionsSchema()
    expiry = ExpirySchema(help_text="Which orders the system expires, and after how many hours.")


@extend_schema_serializer(component_name="HealthChecks")
class HealthChecksSchema(serializers.Serializer[Any]):
    dynamodb = serializers.ChoiceField(choices=HEALTH_STATES)
    database = serializers.ChoiceField(choices=HEALTH_STATES, help_text="The database of users and API keys.")


@extend_schema_serializer(component_name="Health")
class HealthSchema(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=HEALTH_STATES, help_text="`ok` if every check is.")
    checks = HealthChecksSchema()


# --- Refusals ---------------------------------------------------------------------------------------------------------

REFUSALS: Mapping[int, str] = {
    400: "The request is invalid; `errors` names each invalid field, parameter or header.",
    401: "No API key and no session, or the API key is unknown, revoked or expired.",
    403: "The API key is read-only, or the user lacks the permission.",
    404: "There is no such order.",
    406: "The `Accept` header excludes JSON, the only format of responses.",
    409: "The order cannot change to the requested status; `order` is its current state. Or the order cannot be read; "
    "`unreadable` gives the reasons.",
    411: "The body has no `Content-Length`, and the server cannot read it without one.",
    412: "The order does not meet `If-Match` or `If-None-Match`. `order` is its current state.",
    413: "The body is too large.",
    415: "The body is not `application/json`, is compressed, or is not UTF-8.",
    422: "An earlier request used the same `Idempotency-Key` for a different order.",
    429: "Too many requests. Wait the number of seconds in `Retry-After`.",
    503: "DynamoDB or the user database is unavailable, or the request timed out. "
    "Wait the number of seconds in `Retry-After`.",
}
TOO_LONG = "The URL is longer than 8,190 bytes. The web server refuses it, so this is not a problem document."
PUBLIC_REFUSALS = (406, 429)
COMMON_REFUSALS = (400, 401, 403, *PUBLIC_REFUSALS, 503)
WITH_BODY = (411, 413, 415)
DOCUMENTS: Mapping[int, type[ProblemSchema]] = {409: ConflictProblemSchema, 412: ProblemWithOrderSchema}
UNREADABLE = {
    (409, PROBLEM_JSON): OpenApiResponse(
        UnreadableOrderProblemSchema,
        description="The order cannot be read, because another program wrote invalid data. `unreadable` gives the "
        "reasons.",
        examples=examples.response("unreadable_order", examples.UNREADABLE),
    )
}


def _refusals(*statuses: int, common: tuple[int, ...] = COMMON_REFUSALS) -> dict[Any, Any]:
    problems = {
        (status, PROBLEM_JSON): OpenApiResponse(
            DOCUMENTS.get(status, ProblemSchema),
            description=REFUSALS[status],
            examples=examples.response(examples.PROBLEMS[status]["code"], examples.PROBLEMS[status]),
        )
        for status in sorted({*common, *statuses})
    }
    return {**problems, (414, HTML): OpenApiResponse(OpenApiTypes.STR, description=TOO_LONG)}


def _json(serializer: type[serializers.Serializer[Any]], description: str, *shown: OpenApiExample) -> OpenApiResponse:
    return OpenApiResponse(serializer, description=description, examples=list(shown))


# --- Operations -------------------------------------------------------------------------------------------------------

REQUEST_IDS = [headers.OWN_REQUEST_ID, headers.REQUEST_ID]
PUBLIC_HEADERS = [*REQUEST_IDS, headers.retry_after(429)]
CALLER_HEADERS = [*REQUEST_IDS, headers.retry_after(429, 503), headers.CHALLENGE]

ORDER_ID = OpenApiParameter(
    "order_id",
    {"type": "string", "pattern": f"^[^/]{{1,{MAX_ORDER_ID}}}$", "examples": [examples.ORDER["order_id"]]},
    OpenApiParameter.PATH,
    description="The `order_id` of an order, a UUID.",
)

extend_schema_view(
    list=extend_schema(
        operation_id="list_orders",
        summary="List orders, newest first",
        description="Follow `next` until it is null. The list may lag slightly behind changes; "
        "`GET /orders/{order_id}` is always current. With a filter, a page may be short or empty and still have a "
        "`next`. `created_before` must not be earlier than `created_after`.",
        tags=["Orders"],
        parameters=[ListOrdersSerializer, headers.LINK, *CALLER_HEADERS],
        responses={
            (200, JSON): _json(PageSchema, "A page of orders.", *examples.response("page", examples.PAGE)),
            **_refusals(),
        },
    ),
    create=extend_schema(
        operation_id="place_order",
        summary="Place an order",
        description="The new order is PENDING. Leading and trailing blanks of a text are removed. With an "
        "`Idempotency-Key`, the request can be repeated safely.",
        tags=["Orders"],
        parameters=[
            headers.IDEMPOTENCY,
            headers.LOCATION,
            headers.etag(201),
            headers.REPLAYED,
            *CALLER_HEADERS,
        ],
        request={JSON: PlaceOrderSerializer},
        examples=examples.PLACE,
        responses={
            (201, JSON): _json(OrderSchema, "The order has been placed.", *examples.response("order", examples.ORDER)),
            **_refusals(*WITH_BODY, 422),
            **UNREADABLE,
        },
    ),
    retrieve=extend_schema(
        operation_id="get_order",
        summary="Get an order",
        tags=["Orders"],
        parameters=[ORDER_ID, headers.IF_NONE_MATCH, headers.etag(200, 304), *CALLER_HEADERS],
        responses={
            (200, JSON): _json(OrderSchema, "The order.", *examples.response("order", examples.PROCESSING)),
            304: OpenApiResponse(description="The order still has the entity tag of `If-None-Match`."),
            **_refusals(404),
            **UNREADABLE,
        },
    ),
    update=extend_schema(
        operation_id="change_status",
        summary="Change the status of an order",
        description="The order's `allowed_transitions` are the statuses that can be set. Setting the status that the "
        "order already has succeeds and changes nothing. EXPIRED cannot be set.",
        tags=["Orders"],
        parameters=[ORDER_ID, headers.IF_MATCH, headers.IF_NO_MATCH, headers.etag(200), *CALLER_HEADERS],
        request={JSON: ChangeStatusSerializer},
        examples=examples.CHANGE_STATUS,
        responses={
            (200, JSON): _json(
                OrderSchema, "The order with its new status.", *examples.response("order", examples.PROCESSING)
            ),
            **_refusals(*WITH_BODY, 404, 409, 412),
        },
    ),
    destroy=extend_schema(
        operation_id="delete_order",
        summary="Delete an order",
        description="The order and its history are removed permanently. To keep a record, set CANCELLED instead.",
        tags=["Orders"],
        parameters=[ORDER_ID, headers.IF_MATCH, headers.IF_NO_MATCH, *CALLER_HEADERS],
        responses={
            204: OpenApiResponse(description="The order has been deleted."),
            **_refusals(404, 412),
            **UNREADABLE,
        },
    ),
)(views.OrderViewSet)

extend_schema_view(
    get=extend_schema(
        operation_id="get_lifecycle",
        summary="Statuses, transitions and expiry",
        description="The rules that apply to every order. No authentication is needed.",
        tags=["Service"],
        auth=[],
        parameters=PUBLIC_HEADERS,
        responses={
            (200, JSON): _json(LifecycleSchema, "The rules.", *examples.response("lifecycle", examples.LIFECYCLE)),
            **_refusals(400, common=PUBLIC_REFUSALS),
        },
    )
)(views.LifecycleView)

extend_schema_view(
    get=extend_schema(
        operation_id="get_health",
        summary="Health",
        description="Whether the services that a request needs are available. No authentication is needed.",
        tags=["Service"],
        auth=[],
        parameters=[*REQUEST_IDS, headers.retry_after(429, 503)],
        responses={
            (200, JSON): _json(
                HealthSchema, "Everything is available.", *examples.response("healthy", examples.HEALTHY)
            ),
            (503, JSON): _json(
                HealthSchema, "Something is unavailable.", *examples.response("unhealthy", examples.UNHEALTHY)
            ),
            **_refusals(400, common=PUBLIC_REFUSALS),
        },
    )
)(HealthView)

extend_schema(exclude=True)(views.UnknownRouteView)

schema_fields.describe()


# --- drf-spectacular's hooks ------------------------------------------------------------------------------------------

Document = dict[str, Any]

TAGS = [
    {"name": "Orders", "description": "Place, list, read, change and delete orders."},
    {"name": "Service", "description": "Public information about the service."},
]


def _link(operation_id: str, description: str, **parameters: str) -> Document:
    named = {"order_id": "$response.body#/order_id", **parameters}
    return {"operationId": operation_id, "parameters": named, "description": description}


IF_UNCHANGED = {"If-Match": "$response.header.ETag"}
LINKS = {
    "GetOrder": _link("get_order", "Read this order."),
    "ChangeStatus": _link("change_status", "Change the status of this order if it has not changed.", **IF_UNCHANGED),
    "DeleteOrder": _link("delete_order", "Delete this order if it has not changed.", **IF_UNCHANGED),
}
LINKED = {
    ("/orders", "post", "201"): ("GetOrder", "ChangeStatus", "DeleteOrder"),
    ("/orders/{order_id}", "get", "200"): ("ChangeStatus", "DeleteOrder"),
    ("/orders/{order_id}", "put", "200"): ("GetOrder", "ChangeStatus", "DeleteOrder"),
}
STRICT = ("PlaceOrder", "ChangeStatus")


def without_trailing_slashes(endpoints: list[tuple[str, ...]], **_: Any) -> list[tuple[str, ...]]:
    """A preprocessing hook: each endpoint once."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def complete(result: Document, **_: Any) -> Document:
    """A postprocessing hook: adds what decorators cannot express."""
    result["info"]["description"] = DESCRIPTION
    # Relative, so that it is correct behind any proxy and with any stage of API Gateway.
    result["servers"] = [{"url": get_script_prefix().rstrip("/") or "/", "description": "This server"}]
    result["tags"] = TAGS
    result["components"]["links"] = LINKS
    for (path, method, status), names in LINKED.items():
        response = result["paths"][path][method]["responses"][status]
        response["links"] = {name: {"$ref": f"#/components/links/{name}"} for name in names}
    for operation in (operation for path in result["paths"].values() for operation in path.values()):
        # This response comes from the web server, without the app's headers.
        del operation["responses"]["414"]["headers"]
    for parameter in result["paths"]["/orders"]["get"]["parameters"]:
        if parameter["name"] == "customer_email":
            # drf-spectacular adds the format `email`, which allows only 64 characters before the @; the server allows
            # more.
            del parameter["schema"]["format"]
    for name in STRICT:
        result["components"]["schemas"][name]["additionalProperties"] = False
    return result


# --- The view ---------------------------------------------------------------------------------------------------------


class SchemaView(SpectacularJSONAPIView):
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        validate(NoParametersSerializer, request.query_params)
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return response

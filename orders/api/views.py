"""The endpoints. Each validates the request, calls one function and returns the result."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from accounts.callers import identify
from orders import dynamodb, listing, stopwatch, store
from orders.api.pagination import links, page_document
from orders.api.preconditions import accepted_versions, etag, matches_if_none_match
from orders.api.representation import lifecycle_document, order_document
from orders.api.serializers import (
    ChangeStatusSerializer,
    ListOrdersSerializer,
    NoParametersSerializer,
    PlaceOrderSerializer,
    validate,
)
from orders.models import Order
from orders.stopwatch import time_limit

MAX_IDEMPOTENCY_KEY = 255

REVALIDATE = {"Cache-Control": "private, no-cache"}
"""Only the caller's own cache may store the order, and it must revalidate it with the ETag on each use."""


class OrderViewSet(ViewSet):
    def list(self, request: Request) -> Response:
        query = validate(ListOrdersSerializer, request.query_params)
        limit, cursor = query.pop("limit"), query.pop("cursor", None)
        page = listing.page(listing.Filters(**query), limit=limit, cursor=cursor)
        document = page_document(request, page)
        return Response(document, headers=links(document))

    def create(self, request: Request) -> Response:
        fields = validate(PlaceOrderSerializer, request.data)
        caller = identify(request.user)
        key = _idempotency_key(request)
        order_id = store.idempotent_order_id(caller=caller.id, key=key) if key is not None else None
        placement = store.place(**fields, order_id=order_id, at=timezone.now(), by=caller.label)
        headers = {"Location": f"{request.path.rstrip('/')}/{placement.order.order_id}"}
        if placement.replayed:
            headers["Idempotent-Replayed"] = "true"
        return _order(placement.order, status=201, headers=headers)

    def retrieve(self, request: Request, order_id: str) -> Response:
        order = store.get(order_id)
        if matches_if_none_match(request, order):
            return Response(status=304, headers={"ETag": etag(order), **REVALIDATE})
        return _order(order, headers=REVALIDATE)

    def update(self, request: Request, order_id: str) -> Response:
        to = validate(ChangeStatusSerializer, request.data)["status"]
        versions, by = accepted_versions(request, order_id), identify(request.user).label
        return _order(store.change_status(order_id, to, at=timezone.now(), by=by, versions=versions))

    def destroy(self, request: Request, order_id: str) -> Response:
        store.delete(order_id, versions=accepted_versions(request, order_id))
        return Response(status=204)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with time_limit(stopwatch.REQUEST_SECONDS), dynamodb.recorded_calls() as calls:
            response = super().dispatch(request, *args, **kwargs)
        response.headers["Server-Timing"] = calls.server_timing
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action != "list":
            validate(NoParametersSerializer, request.query_params)


def _order(order: Order, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(order_document(order), status=status, headers={"ETag": etag(order), **(headers or {})})


def _idempotency_key(request: Request) -> str | None:
    header: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    # In the IETF draft, the header is a quoted string. Most clients send it without quotes.
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= _characters(key) <= MAX_IDEMPOTENCY_KEY:
        message = f"An Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} characters."
        raise ValidationError({"Idempotency-Key": [message]}, code="invalid")
    return key


def _characters(header: str) -> int:
    """The length of the header in characters. WSGI passes each byte as one character (PEP 3333)."""
    try:
        return len(header.encode("latin-1").decode())
    except UnicodeError:
        return len(header)


class LifecycleView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        validate(NoParametersSerializer, request.query_params)
        return Response(lifecycle_document())


class UnknownRouteView(APIView):
    """Matches any URL without a route and returns a 404 problem document."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:  # noqa: FBT001, FBT002 (REST framework's signature)
        """Ignore the Accept header, because the client should get a 404 instead of a 406."""
        return super().perform_content_negotiation(request, force=True)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(f"There is nothing at {request.path}.")

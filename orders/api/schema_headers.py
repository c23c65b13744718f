"""The headers of requests and responses, as /schema describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

# RFC 9110, section 8.8.3, as orders.api.preconditions parses it.
ENTITY_TAG = r'(W/)?"[^"\x00-\x20\x7f]*"'
ENTITY_TAGS = {"type": "string", "pattern": rf"^(\*|{ENTITY_TAG}([ \t]*,[ \t]*{ENTITY_TAG})*)$"}

# With or without double quotes, which are not part of the key.
IDEMPOTENCY_KEY = r'^([^"].{0,254}|"|".{0,253}[^"]|".{1,255}")$'

UUID = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


def _request(name: str, schema: dict[str, Any], description: str) -> OpenApiParameter:
    # Without examples, because Swagger UI would send them, and an old If-Match or Idempotency-Key has an effect.
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, description=description)


def _response(
    name: str, schema: dict[str, Any], description: str, *statuses: int, required: bool = True
) -> OpenApiParameter:
    """A header of the responses with these statuses, or of every response."""
    return OpenApiParameter(
        name,
        schema,
        OpenApiParameter.HEADER,
        description=description,
        required=required,
        response=list(statuses) or True,
    )


# --- Requests ---------------------------------------------------------------------------------------------------------

IF_MATCH = _request(
    "If-Match",
    ENTITY_TAGS,
    "Carry out the request only if the order still has this entity tag: the `ETag` of an earlier response, quotes "
    "included. Several tags are separated by commas, at most 100; `*` matches any. Otherwise the response is 412. "
    "A weak tag (`W/`) never matches.",
)
IF_NONE_MATCH = _request(
    "If-None-Match",
    {"type": "string"},
    "The `ETag` of your copy. If the order still has it, the response is 304 without a body.",
)
IF_NO_MATCH = _request(
    "If-None-Match",
    ENTITY_TAGS,
    "Carry out the request only if the order has none of these entity tags; `*` matches any. Otherwise the "
    "response is 412.",
)
IDEMPOTENCY = _request(
    "Idempotency-Key",
    {"type": "string", "pattern": IDEMPOTENCY_KEY},
    "1 to 255 characters of your choice, with or without double quotes, new for each order. A repeated request with "
    "the same key and the same order creates nothing and returns the order that the first one created. The same key "
    "with a different order is refused with 422.",
)

OWN_REQUEST_ID = _request(
    "X-Request-Id",
    {"type": "string"},
    "A UUID of 36 characters that identifies this request in the server's log. Anything else is ignored, and "
    "the server generates one.",
)

# --- Responses --------------------------------------------------------------------------------------------------------

REQUEST_ID = _response(
    "X-Request-Id",
    {"type": "string", "pattern": UUID, "examples": ["550e8400-e29b-41d4-a716-446655440000"]},
    "Identifies this request in the server's log; the request's own `X-Request-Id` if that is a UUID.",
)
CHALLENGE = _response(
    "WWW-Authenticate",
    {"type": "string", "const": 'Api-Key realm="orders"'},
    "How to authenticate: `Authorization: Api-Key <key>`.",
    401,
)
LOCATION = _response(
    "Location",
    {"type": "string", "format": "uri-reference", "pattern": "^/(.+/)?orders/[^/]+$"},
    "The path of the order.",
    201,
)
REPLAYED = _response(
    "Idempotent-Replayed",
    {"type": "string", "const": "true"},
    "Present if an earlier request with the same `Idempotency-Key` created the order.",
    201,
    required=False,
)
LINK = _response(
    "Link",
    {"type": "string", "pattern": '^<[^>]+>; rel="(next|prev)"(, <[^>]+>; rel="prev")?$'},
    "The same addresses as `next` and `previous` in the body (RFC 8288). Absent if there is only one page.",
    200,
    required=False,
)


def etag(*statuses: int) -> OpenApiParameter:
    return _response(
        "ETag",
        {"type": "string", "pattern": '^"[0-9]+(-[A-Z]+)?"$', "examples": ['"3"']},
        "The version of the order in double quotes, for `If-Match` and `If-None-Match`. After another program has set "
        'the status, it is followed by the status: `"3-CANCELLED"`.',
        *statuses,
    )


def retry_after(*statuses: int) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 1, "examples": [2]}
    return _response("Retry-After", schema, "Seconds to wait before trying again.", *statuses)

"""The input fields as /schema describes them. Only `orders.api.schema` imports this module."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from orders.api import serializers
from orders.lifecycle import Status
from orders.models import MAX_EMAIL, MAX_TEXT
from orders.text import TEXT_PATTERN

# JSON Schema has no flag for case-insensitive patterns.
ANY_CASE = "^({})$".format("|".join("".join(f"[{c}{c.lower()}]" for c in status) for status in Status))

# Django's rule for ASCII addresses. Domains in other scripts are accepted too, but a pattern cannot express their rule.
MAILBOX = r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+"
LABEL = "[0-9A-Za-z]([-0-9A-Za-z]{0,61}[0-9A-Za-z])?"
TOP_LEVEL = "([A-Za-z][-A-Za-z]{0,61}[A-Za-z]|[Xx][Nn]--[0-9A-Za-z]{1,59})"
EMAIL = {
    "type": "string",
    "maxLength": MAX_EMAIL,
    "pattern": f"^{MAILBOX}([.]{MAILBOX})*@({LABEL}[.])+{TOP_LEVEL}$",
    "examples": ["ada@example.com"],
}


def describe() -> None:
    """Attach the descriptions to the fields; a subclass inherits that of its parent."""
    extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": TEXT_PATTERN})(
        serializers.TextField
    )
    extend_schema_field(EMAIL)(serializers.EmailField)
    extend_schema_field({"anyOf": [EMAIL, {"type": "string", "const": ""}]})(serializers.OptionalEmailField)
    extend_schema_field(
        {"type": "string", "anyOf": [{"enum": list(Status)}, {"pattern": ANY_CASE}], "examples": [Status.PROCESSING]}
    )(serializers.StatusField)
    extend_schema_field(OpenApiTypes.DATETIME)(serializers.InstantField)

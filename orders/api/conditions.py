"""Conditional requests (RFC 9110, section 13): the version of an order is its entity tag."""

import re

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from orders.models import Order
from orders.store import Versions

TAG = re.compile(r'(W/)?"([^"]*)"')
TAGS = re.compile(rf"(?:\s*{TAG.pattern}\s*(?:,|$))+")
MAX_TAGS = 100
"""What DynamoDB compares with in one condition."""

# As `etag` writes it: a tag is opaque, so "01" is not "1". DynamoDB refuses numbers of more than 38 digits.
VERSION = re.compile(r"0|[1-9][0-9]{0,17}")


def etag(order: Order) -> str:
    return f'"{order.version}"'


def accepted_versions(request: Request) -> Versions:
    """The versions that If-Match accepts; None, that is any, where it is absent or `*`. A weak tag never matches.

    Raises ValidationError for a header that is not a list of entity tags, or is too long a one.
    """
    header = request.META.get("HTTP_IF_MATCH", "*").strip()
    if header == "*":
        return None
    if not TAGS.fullmatch(header):
        raise _refusal('If-Match takes an entity tag in quotes, as ETag gave it: "3".')
    versions = {int(tag) for weak, tag in TAG.findall(header) if not weak and VERSION.fullmatch(tag)}
    if len(versions) > MAX_TAGS:
        raise _refusal(f"If-Match takes at most {MAX_TAGS} entity tags.")
    return versions


def _refusal(sentence: str) -> ValidationError:
    return ValidationError({"If-Match": [sentence]}, code="invalid")


def is_known(request: Request, order: Order) -> bool:
    """Whether If-None-Match says that the caller holds this version already (weak comparison)."""
    header = request.META.get("HTTP_IF_NONE_MATCH", "").strip()
    return header == "*" or str(order.version) in (tag for _, tag in TAG.findall(header))

"""Conditional requests (RFC 9110, section 13): the version of an order is its entity tag."""

import re

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from orders.models import Order
from orders.store import Versions

TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(order: Order) -> str:
    return f'"{order.version}"'


def accepted_versions(request: Request) -> Versions:
    """The versions that If-Match accepts; None, that is any, where it is absent or `*`. A weak tag never matches.

    Raises ValidationError for a header that holds no entity tag.
    """
    header = request.META.get("HTTP_IF_MATCH", "*").strip()
    if header == "*":
        return None
    tags = TAG.findall(header)
    if not tags:
        sentence = 'If-Match takes an entity tag in quotes, as ETag gave it: "3".'
        raise ValidationError({"If-Match": [sentence]}, code="invalid")
    return {int(tag) for weak, tag in tags if not weak and tag.isascii() and tag.isdecimal()}


def is_known(request: Request, order: Order) -> bool:
    """Whether If-None-Match says that the caller holds this version already (weak comparison)."""
    header = request.META.get("HTTP_IF_NONE_MATCH", "").strip()
    return header == "*" or str(order.version) in (tag for _, tag in TAG.findall(header))

"""Conditional requests (RFC 9110, section 13). The entity tag of an order is its revision."""

import re

from django.utils.http import parse_etags
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from orders import store
from orders.models import Order, parse_revision
from orders.store import Versions

ETAG_LIST = re.compile(r'(\s*(W/)?"[^"\x00-\x20\x7f]*"\s*(,|$))+')
MAX_TAGS = 100
"""DynamoDB's limit for one IN condition."""


def etag(order: Order) -> str:
    return f'"{order.revision}"'


class PreconditionFailedError(APIException):
    """The order matches If-None-Match and so must not be changed (RFC 9110, section 13.1.2)."""

    status_code = 412
    default_code = "precondition_failed"
    default_detail = (
        "The order exists and matches If-None-Match, so nothing was changed. Omit If-None-Match to change or delete an "
        "existing order."
    )

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order


def accepted_versions(request: Request, order_id: str) -> Versions:
    """The versions at which If-Match and If-None-Match allow the order to be written; None for any.

    Raises ValidationError for a header that is not a list of entity tags or has too many of them,
    PreconditionFailedError if If-None-Match contains the order's version, and OrderNotFoundError.
    """
    accepted = _if_match(request)
    unwanted = request.META.get("HTTP_IF_NONE_MATCH")
    if unwanted is None:
        return accepted
    if unwanted.strip() != "*":
        _check_list("If-None-Match", unwanted)
    order = store.get(order_id)
    if matches_if_none_match(request, order):
        raise PreconditionFailedError(order)
    # Only the version that was just read has been checked, so the write is allowed at no other one.
    revision = order.revision
    return {revision} if accepted is None or revision in accepted else set()


def _if_match(request: Request) -> Versions:
    """The versions that If-Match names; None for any. A weak tag never matches."""
    header = request.META.get("HTTP_IF_MATCH", "*").strip()
    if header == "*":
        return None
    _check_list("If-Match", header)
    revisions = {parse_revision(tag.strip('"')) for tag in parse_etags(header) if not tag.startswith("W/")}
    versions = {revision for revision in revisions if revision is not None}
    if len(versions) > MAX_TAGS:
        raise _refusal("If-Match", f"takes at most {MAX_TAGS} entity tags.")
    return versions


def _check_list(header: str, value: str) -> None:
    # parse_etags ignores anything that is not an entity tag.
    if not ETAG_LIST.fullmatch(value):
        raise _refusal(header, 'must be an entity tag in quotes, as in the ETag header: "3".')


def _refusal(header: str, sentence: str) -> ValidationError:
    return ValidationError({header: [f"{header} {sentence}"]}, code="invalid")


def matches_if_none_match(request: Request, order: Order) -> bool:
    """Whether If-None-Match contains the order's version (weak comparison)."""
    tags = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return tags == ["*"] or etag(order) in (tag.removeprefix("W/") for tag in tags)

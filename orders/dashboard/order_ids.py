"""Which texts can be an order id: DynamoDB refuses empty and overlong keys, and accepts any other."""

from collections.abc import Iterable

from orders.models import canonical_order_id
from orders.reading import MAX_ORDER_ID


def valid_order_ids(texts: Iterable[str]) -> list[str]:
    """The texts that can be ids, without duplicates, in their order."""
    return list(dict.fromkeys(text for text in texts if 0 < len(text) <= MAX_ORDER_ID))


def with_canonical_ids(order_ids: Iterable[str]) -> list[str]:
    """The ids, and for UUIDs with upper-case letters also their lower-case form."""
    return list(dict.fromkeys(text for written in order_ids for text in (written, canonical_order_id(written))))

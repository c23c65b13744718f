"""Which texts can be the id of an order at all: DynamoDB refuses an empty or an overlong key, and takes any other."""

from collections.abc import Iterable

from orders.models import canonical_order_id
from orders.reading import MAX_ORDER_ID


def valid_order_ids(texts: Iterable[str]) -> list[str]:
    """The ids among the texts, each once, in their order."""
    return list(dict.fromkeys(text for text in texts if 0 < len(text) <= MAX_ORDER_ID))


def with_canonical_ids(order_ids: Iterable[str]) -> list[str]:
    """The ids as given, and UUIDs with upper-case letters also in lower case."""
    return list(dict.fromkeys(text for written in order_ids for text in (written, canonical_order_id(written))))

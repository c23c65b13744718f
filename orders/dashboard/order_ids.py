"""Which texts can be the id of an order at all: DynamoDB refuses an empty or an overlong key, and takes any other."""

from collections.abc import Iterable

from django.urls.converters import StringConverter

from orders.models import canonical_order_id

LONGEST = 128
"""The API's limit too; an id is a UUID, and those of the former system were no longer."""


class OrderIdConverter(StringConverter):
    regex = f"[^/]{{1,{LONGEST}}}"

    def to_python(self, value: str) -> str:
        return canonical_order_id(value)


def possible(texts: Iterable[str]) -> list[str]:
    """The ids among the texts, each once, in their order."""
    return list(dict.fromkeys(canonical_order_id(text) for text in texts if 0 < len(text) <= LONGEST))

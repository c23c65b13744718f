"""Which texts can be the id of an order at all: DynamoDB refuses an empty or an overlong key, and takes any other."""

from collections.abc import Iterable

from django.urls.converters import StringConverter

LONGEST = 128
"""The API's limit too; an id is a UUID, and those of the former system were no longer."""


class OrderIdConverter(StringConverter):
    regex = f"[^/]{{1,{LONGEST}}}"


def possible(texts: Iterable[str]) -> list[str]:
    """Those of the texts that can be ids, each once, in their order."""
    return [text for text in dict.fromkeys(texts) if 0 < len(text) <= LONGEST]

"""Converts stored items to orders. An item that is not a valid order becomes an UnreadableOrder, never an error."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.attributes import Attribute

from orders.message import Message
from orders.models import HistoryAttribute, InstantAttribute, Order, StatusAttribute

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's own form: `{"quantity": {"N": "2"}}`."""

MAX_ORDER_ID = 128
"""The maximum length of an id. DynamoDB allows more, but our URLs do not."""
MAX_VERSION = 10**15
MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser reads exactly (RFC 8259, section 6)."""
MAX_QUOTED = 40
"""How many characters of a stored value a reason quotes."""

REQUIRED = ("item", "quantity", "status", "created_at")
SET = Message("a set")
KINDS = {
    "S": Message("text"),
    "N": Message("a number"),
    "L": Message("a list"),
    "M": Message("a map"),
    "B": Message("binary data"),
    "BOOL": Message("true or false"),
    "SS": SET,
    "NS": SET,
    "BS": SET,
}
MEANINGS: Mapping[type[Attribute[Any]], Message] = {
    StatusAttribute: Message("a status"),
    InstantAttribute: Message("a valid time"),
    HistoryAttribute: Message("a list of status changes"),
}


@dataclass(frozen=True)
class UnreadableOrder:
    """An item that another program wrote and that is not a valid order."""

    order_id: str
    reasons: tuple[Message, ...]
    """One sentence per invalid attribute."""
    stored: Item = field(repr=False)

    @property
    def raw(self) -> dict[str, Any]:
        """The item as plain JSON."""
        return plain_json(self.stored)

    @property
    def created_key(self) -> str:
        """Its sort key in the indexes; empty if it is in none."""
        return self._text("created_key")

    @property
    def status_key(self) -> str:
        return self._text("status_key")

    @property
    def created_at(self) -> datetime | None:
        """When it was placed; None if unknown."""
        for text in (self._text("created_at"), self.created_key.partition("#")[0]):
            with suppress(ValueError, OverflowError):
                return Order.created_at.deserialize(text)
        return None

    @property
    def fits_url(self) -> bool:
        """Whether the order can have a URL on this site."""
        return fits_url(self.order_id)

    def _text(self, name: str) -> str:
        return str(self.stored.get(name, {}).get("S", ""))


StoredOrder = Order | UnreadableOrder


def read_order(item: Item) -> StoredOrder:
    """The order in this item, or an UnreadableOrder with the reasons. Never raises."""
    try:
        order = Order.from_raw_data(item)
    except Exception:  # noqa: BLE001 (an attribute may raise anything; the reasons name it)
        return _unreadable(item)
    return order if _is_valid(order) else _unreadable(item)


def fits_url(order_id: str) -> bool:
    return "/" not in order_id and len(order_id) <= MAX_ORDER_ID and order_id not in (".", "..")


def plain_json(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item without DynamoDB's types: numbers as numbers, sets as lists, binary as base64."""
    return {name: _plain(value) for name, value in item.items()}


def _is_valid(order: Order) -> bool:
    """Whether the order meets the rules that PynamoDB does not check."""
    values = order.attribute_values
    return (
        all(name in values for name in REQUIRED)
        and _is_integer(values["quantity"], -MAX_INTEGER, MAX_INTEGER)
        and _is_integer(values["version"], 0, MAX_VERSION)
        and fits_url(order.order_id)
    )


def _is_integer(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _unreadable(item: Item) -> UnreadableOrder:
    order_id = str(item.get("order_id", {}).get("S", ""))
    return UnreadableOrder(order_id, tuple(_reasons(item)) or (Message("It cannot be read."),), item)


def _reasons(item: Item) -> Iterator[Message]:
    for name, attribute in Order.get_attributes().items():
        value = item.get(name)
        kind = next(iter(value)) if value else "NULL"
        if kind == "NULL":
            if name in REQUIRED:
                yield Message("%(name)s is null.", name=name) if value else Message("%(name)s is missing.", name=name)
        elif kind != attribute.attr_type:
            found, expected = KINDS.get(kind, kind), KINDS[attribute.attr_type]
            yield Message("%(name)s is %(found)s, not %(expected)s.", name=name, found=found, expected=expected)
        elif value and (form := _expected(name, attribute, value[kind])):
            found = _quoted(kind, value[kind])
            yield Message("%(name)s is %(found)s, which is not %(expected)s.", name=name, found=found, expected=form)


def _expected(name: str, attribute: Attribute[Any], value: Any) -> Message | None:
    """What an invalid value should be; None for a valid one."""
    try:
        read = attribute.deserialize(value)
    except Exception:  # noqa: BLE001 (an attribute may raise anything)
        return MEANINGS.get(type(attribute), KINDS[attribute.attr_type])
    if name == "quantity" and not _is_integer(read, -MAX_INTEGER, MAX_INTEGER):
        return Message("a whole number of at most %(limit)d", limit=MAX_INTEGER)
    if name == "version" and not _is_integer(read, 0, MAX_VERSION):
        return Message("a whole number from 0 to %(limit)d", limit=MAX_VERSION)
    if name == "order_id" and not fits_url(read):
        return Message("an id of at most %(limit)d characters without a slash", limit=MAX_ORDER_ID)
    return None


def _quoted(kind: str, value: Any) -> str:
    if kind == "S":
        return repr(value if len(value) <= MAX_QUOTED else value[:MAX_QUOTED] + "…")
    return str(value) if kind == "N" else KINDS[kind]


def _plain(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "NULL":
            return None
        case "M":
            return plain_json(value)
        case "L":
            return [_plain(part) for part in value]
        case "NS" | "SS" | "BS":
            return [_scalar(kind[0], part) for part in value]
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> str | int | float | bool:
    if kind == "N":
        return int(value) if value.lstrip("-").isdecimal() else float(value)
    if kind == "B":
        return base64.b64encode(value).decode()
    plain: str | bool = value
    return plain

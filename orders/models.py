"""The order as DynamoDB stores it: attributes, indexes and their keys. This module never calls DynamoDB."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from zlib import crc32

from django.conf import settings
from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import LIST, NULL, PAY_PER_REQUEST_BILLING_MODE, STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from orders import lifecycle
from orders.instants import read_instant, write_instant
from orders.lifecycle import INITIAL, Status
from orders.text import canonical_email

MAX_QUANTITY = 1_000_000
MAX_TEXT = 200
"""The maximum length of `item` and `customer_name`."""
MAX_EMAIL = 254
ANONYMOUS = "anonymous"
"""The default of `customer_name`."""

UNVERSIONED = 0
"""The version of an order of the former system that has not changed since. New orders start at 1."""

OUTSIDE = "system:outside"
"""The author of a history entry whose status another program set in the table."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Outside these years, adding hours or converting to a time zone may overflow."""

REVISION = re.compile(r"(0|[1-9][0-9]{0,14})(?:-([A-Z]+))?")
"""DynamoDB refuses numbers with more than 38 digits; 15 are enough for any version."""


class OutsideRevision(NamedTuple):
    """The state of an order after another program has set `status` without changing `version`."""

    version: int
    status: Status

    def __str__(self) -> str:
        return f"{self.version}-{self.status}"


Revision = int | OutsideRevision
"""Identifies the state of an order: its version, and also its status if another program has set that.

Other programs do not change the version, so the version alone would not show their change.
"""


def parse_revision(text: str) -> Revision | None:
    """The revision in `text`; None if it is not a valid one."""
    match = REVISION.fullmatch(text)
    if match is None:
        return None
    version, status = int(match[1]), match[2]
    if status is None:
        return version
    return OutsideRevision(version, Status(status)) if status in Status.__members__ else None


class InstantAttribute(Attribute[datetime]):
    """An aware datetime in the format of `orders.instants`.

    Raises ValueError when a naive datetime is stored, or a stored text is not an instant from FIRST_YEAR to LAST_YEAR.
    """

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return write_instant(value)

    def deserialize(self, value: str) -> datetime:
        return _stored_instant(value)


def _stored_instant(text: str) -> datetime:
    instant = read_instant(text)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant


class StatusAttribute(Attribute[Status]):
    """Stored in upper case and read in any case, because the former system did not convert its input."""

    attr_type = STRING

    def serialize(self, value: Status) -> str:
        return str(value)

    def deserialize(self, value: str) -> Status:
        return lifecycle.parse_status(value)


class HistoryEntry(NamedTuple):
    """A status, when it was set and who set it (`staff:…`, `api-key:…` or `system:…`).

    If `by` is OUTSIDE, `at` is when this app noticed the status.
    """

    status: Status
    at: datetime
    by: str


class HistoryAttribute(Attribute[list[HistoryEntry]]):
    """A list of HistoryEntry, oldest first.

    PynamoDB's list of MapAttribute makes a deep copy per element, so a page of 25 orders took 50 % more CPU time.
    """

    attr_type = LIST

    def serialize(self, value: Iterable[HistoryEntry]) -> list[dict[str, Any]]:
        return [
            {"M": {"status": {"S": str(entry.status)}, "at": {"S": write_instant(entry.at)}, "by": {"S": entry.by}}}
            for entry in value
        ]

    def deserialize(self, value: list[dict[str, Any]]) -> list[HistoryEntry]:
        maps = (element["M"] for element in value)
        return [HistoryEntry(Status(m["status"]["S"]), _stored_instant(m["at"]["S"]), m["by"]["S"]) for m in maps]


class ByStatus(GlobalSecondaryIndex[Any]):
    """For lists by status, the orders that expire next, and counts."""

    class Meta:
        index_name = "by_status"
        projection = AllProjection()

    status_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class ByCreated(GlobalSecondaryIndex[Any]):
    """For lists of all orders and of date ranges."""

    class Meta:
        index_name = "by_created"
        projection = AllProjection()

    listing_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class ByCustomer(GlobalSecondaryIndex[Any]):
    """For the orders of one customer. Contains only the keys, so a status change does not have to update it."""

    class Meta:
        index_name = "by_customer"
        projection = KeysOnlyProjection()

    customer_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class Order(Model):
    """One item of stock for one customer.

    The attributes that the former system did not write are nullable. Its orders can be read, but are in no index.
    """

    class Meta:
        table_name = settings.ORDERS_TABLE
        region = settings.AWS_REGION
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        # With three attempts in all, a stalled call fails after about 8 seconds, well within the timeouts of Lambda and
        # API Gateway. PynamoDB's defaults would take two minutes.
        connect_timeout_seconds = 1
        read_timeout_seconds = 2
        max_retry_attempts = 2
        # The threads that call DynamoDB at the same time: 8 of gunicorn, each with up to 8 of orders.concurrency.
        max_pool_connections = 64

    order_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute()
    quantity = NumberAttribute()
    status = StatusAttribute()
    customer_name = UnicodeAttribute(default=ANONYMOUS)
    customer_email = UnicodeAttribute(default="")
    created_at = InstantAttribute()
    updated_at = InstantAttribute(null=True)
    expired_at = InstantAttribute(null=True)
    version = NumberAttribute(null=True)
    history = HistoryAttribute(null=True)

    status_key = UnicodeAttribute(null=True)
    listing_key = UnicodeAttribute(null=True)
    customer_key = UnicodeAttribute(null=True)
    created_key = UnicodeAttribute(null=True)

    by_status = ByStatus()
    by_created = ByCreated()
    by_customer = ByCustomer()

    stored: Mapping[str, Any] = MappingProxyType({})
    """The item that the order was read from, in DynamoDB's format; empty for a new order, and after a change."""

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """May raise anything if an attribute cannot be read; `orders.reading` never raises."""
        # PynamoDB calls this for every read except refresh(). Its own method does the same, but takes 40 % of the CPU
        # time of a list.
        values: dict[str, Any] = {}
        for name, attribute in cls.get_attributes().items():
            typed = data.get(name)
            if typed and NULL not in typed:
                values[name] = attribute.deserialize(typed[attribute.attr_type])
            elif attribute.default is not None:
                values[name] = attribute.default
        values.setdefault("version", UNVERSIONED)
        values.setdefault("history", [])
        values.setdefault("updated_at", values.get("created_at"))
        order = cls.__new__(cls)
        order.attribute_values, order.stored = values, data
        return order

    @property
    def changed_outside(self) -> bool:
        """Whether another program has set the status, so that it differs from the history or from the index key.

        The former system placed orders as PENDING, so one without history was changed if it has any other status.
        """
        known = self.history[-1].status if self.history else INITIAL if self.version == UNVERSIONED else self.status
        return self.status is not known or self.has_stale_key

    @property
    def has_stale_key(self) -> bool:
        """Whether the index by_status still lists the order under its previous status."""
        return self.status_key is not None and self.status_key.rpartition("#")[0] != self.status

    @property
    def revision(self) -> Revision:
        version = int(self.version)
        return OutsideRevision(version, self.status) if self.changed_outside else version

    @property
    def allowed_transitions(self) -> tuple[Status, ...]:
        return lifecycle.allowed_transitions(self.status)

    @property
    def expires_at(self) -> datetime | None:
        return lifecycle.expires_at(self.status, self.created_at, age=expiry_age())

    def add_entries(self, entries: Iterable[HistoryEntry], *, expired_at: datetime | None = None) -> None:
        """Apply the status changes that the store has written. The last entry has the new status."""
        for entry in entries:
            self.status, self.updated_at = entry.status, entry.at
            self.history = [*self.history, entry]
            self.version += 1
        self.status_key = status_key(self.status, shard_of(self.order_id))
        if expired_at:
            self.expired_at = expired_at
        self.stored = MappingProxyType({})

    def was_moved_by(self, by: str, *, to: Status, since: Revision) -> bool:
        """Whether `by` made the first change since that revision, and it set `to`. The same form may be sent twice."""
        # A write after another program's change adds two entries to the history.
        version = since.version + 1 if isinstance(since, OutsideRevision) else since
        changes = int(self.version) - version
        if not 0 < changes <= len(self.history):
            return False
        entry = self.history[-changes]
        return (entry.status, entry.by) == (to, by)


def new_order(  # noqa: PLR0913 (an order's fields, by keyword)
    *, order_id: str, item: str, quantity: int, customer_name: str, customer_email: str, at: datetime, by: str
) -> Order:
    """An unsaved PENDING order with version 1 and its index keys."""
    return Order(
        order_id=order_id,
        item=item,
        quantity=quantity,
        status=lifecycle.INITIAL,
        customer_name=customer_name,
        customer_email=customer_email,
        created_at=at,
        updated_at=at,
        version=1,
        history=[HistoryEntry(lifecycle.INITIAL, at, by)],
        status_key=status_key(lifecycle.INITIAL, shard_of(order_id)),
        listing_key=listing_key(shard_of(order_id)),
        customer_key=customer_key(customer_email),
        created_key=created_key(at, order_id),
    )


UUID_TEXT = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def canonical_order_id(text: str) -> str:
    """The id as this app and the former system write it: a UUID in lower case, any other id unchanged.

    A UUID may be written in upper case (RFC 9562, section 4).
    """
    return text.lower() if UUID_TEXT.fullmatch(text) else text


def expiry_age() -> timedelta:
    return timedelta(hours=settings.ORDERS_EXPIRY_HOURS)


def shards() -> range:
    """The shards of the indexes. An index partition takes 1,000 writes a second; each shard adds as many."""
    return range(settings.ORDERS_INDEX_SHARDS)


def shard_of(order_id: str) -> int:
    return crc32(order_id.encode()) % len(shards())


def status_key(status: Status, shard: int) -> str:
    return f"{status}#{shard}"


def listing_key(shard: int) -> str:
    return f"ORDERS#{shard}"


def partitions(status: Status | None) -> tuple[GlobalSecondaryIndex[Any], list[str]]:
    """The index with the orders of this status (None: all orders), and its partition keys, one per shard."""
    if status:
        return Order.by_status, [status_key(status, shard) for shard in shards()]
    return Order.by_created, [listing_key(shard) for shard in shards()]


def customer_key(customer_email: str) -> str | None:
    """The canonical e-mail address; None if there is none, because DynamoDB refuses an empty index key."""
    return canonical_email(customer_email) or None


def created_key(at: datetime, order_id: str) -> str:
    """A unique key that sorts by time, so it can serve as the cursor of a list."""
    return f"{write_instant(at)}#{order_id}"


# Every created_key begins with a digit, so these sort before and after all of them.
LOWEST_KEY, HIGHEST_KEY = " ", "~"


def created_key_range(after: datetime | None, before: datetime | None) -> tuple[str, str]:
    """The range of created_key for orders created in [after, before).

    A bare instant sorts before every key of that instant, so BETWEEN excludes the orders created at `before`.
    """
    return write_instant(after) if after else LOWEST_KEY, write_instant(before) if before else HIGHEST_KEY

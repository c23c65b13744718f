"""Sample orders for trying out and measuring the app, each with a history that the lifecycle allows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from orders.expiry import BY as SWEEP
from orders.lifecycle import Status
from orders.models import HistoryEntry, Order, expiry_age, new_order, shard_of, status_key

ITEMS = (
    "Espresso cups, set of 4",
    "Oak side table",
    "Wool blanket, grey",
    "Desk lamp, brass",
    "Notebook A5, dotted",
    "Fountain pen, fine",
    "Cast iron pan, 28 cm",
    "Linen apron",
    "Ceramic teapot",
    "Bicycle bell",
    "Wall clock, walnut",
    "Rain jacket, size M",
    "Hiking socks",
    "Coffee beans, 1 kg",
    "Beeswax candles",
    "Garden shears",
    "Picnic basket",
    "Chess set",
    "Reading glasses +1.5",
    "Umbrella, black",
)
FIRST_NAMES = ("Aarav", "Ines", "Jonas", "Meera", "Noor", "Olga", "Priya", "Rohan", "Sara", "Tomas", "Yuki", "Zoe")
LAST_NAMES = ("Almeida", "Bakshi", "Costa", "Dutta", "Eriksen", "Fischer", "Gupta", "Haddad", "Iyer", "Kim", "Lund")
CUSTOMERS = len(FIRST_NAMES) * len(LAST_NAMES)

# The authors of the changes.
SHOP, STAFF = "api-key:shop", "staff:anna"


def sample_orders(count: int, *, days: float, at: datetime, random: Random) -> Iterator[Order]:
    """`count` orders placed during the `days` before `at`. A Random with the same seed gives the same orders."""
    for _ in range(count):
        created_at = at - timedelta(days=days) * random.random()
        order = _new_order(created_at, random)
        for status, changed_at, by in _changes(created_at, at, random):
            _apply(order, status, changed_at, by)
        yield order


def _new_order(created_at: datetime, random: Random) -> Order:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    named = random.random() < 0.95  # noqa: PLR2004 (a few customers do not give their name)
    return new_order(
        order_id=str(UUID(int=random.getrandbits(128), version=4)),
        item=random.choice(ITEMS),
        quantity=random.choice((1, 1, 1, 2, 2, 3, 4, 6, 12)),
        customer_name=f"{first} {last}" if named else "anonymous",
        customer_email=f"{first}.{last}@example.com".lower() if named else "",
        at=created_at,
        by=SHOP,
    )


def _changes(created_at: datetime, at: datetime, random: Random) -> Iterator[tuple[Status, datetime, str]]:
    """The changes of an order until `at`. Some orders are still PENDING, and not all that are due have expired."""
    age = at - created_at
    fate = random.random()
    if fate < 0.3:  # noqa: PLR2004
        if age > expiry_age() and fate < 0.2:  # noqa: PLR2004
            yield Status.EXPIRED, min(at, created_at + expiry_age() + timedelta(hours=random.random())), SWEEP
        return
    seen = created_at + min(age, expiry_age()) * random.uniform(0.05, 0.4)
    if fate < 0.4:  # noqa: PLR2004
        yield Status.CANCELLED, seen, SHOP
        return
    yield Status.PROCESSING, seen, STAFF
    if fate > 0.55:  # noqa: PLR2004
        done = Status.COMPLETED if fate > 0.6 else Status.CANCELLED  # noqa: PLR2004
        yield done, seen + age * random.uniform(0.1, 0.5), STAFF


def _apply(order: Order, status: Status, at: datetime, by: str) -> None:
    order.status, order.updated_at, order.version = status, at, order.version + 1
    order.status_key = status_key(status, shard_of(order.order_id))
    order.history = [*order.history, HistoryEntry(status, at, by)]
    if status is Status.EXPIRED:
        order.expired_at = at

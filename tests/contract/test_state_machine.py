"""Random operations on many orders. After each, the table is compared with a model that is a plain dictionary."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders import counts, expiry, listing, store
from orders.errors import (
    IdempotencyKeyReusedError,
    IllegalTransitionError,
    OrderNotFoundError,
    VersionMismatchError,
)
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import Order
from tests.contract.order_helpers import NOW, all_orders, ids
from tests.unit.transitions import pairs

ALLOWED = {(source, to) for source, to, allowed in pairs() if allowed}
AGE = timedelta(hours=60)

authors = st.sampled_from(["staff:anna", "api-key:shop"])
# Few customers and few instants, which add up to the expiry age, so that orders often share them.
emails = st.sampled_from(["", "ann@example.com", "Ann@Example.com"])
statuses = st.sampled_from(Status)
hours = st.sampled_from([0, 20, 40, 60])
skews = st.sampled_from([0, 0, -1, 1])
listed_statuses = st.sampled_from([None, Status.PENDING]) | statuses
listed_emails = st.sampled_from([None, "ann@example.com", "ANN@example.com"])


@dataclass(frozen=True)
class Known:
    """An order in the model."""

    order_id: str
    item: str
    email: str
    created_at: datetime
    status: Status = Status.PENDING
    updated_at: datetime | None = None
    expired_at: datetime | None = None
    history: tuple[tuple[Status, datetime, str], ...] = field(default=())

    def moved(self, to: Status, at: datetime, by: str) -> "Known":
        """The order after a change; not dated before the change before."""
        at = max(at, self.history[-1][1])
        history = (*self.history, (to, at, by))
        expired_at = at if to is Status.EXPIRED else None
        return replace(self, status=to, updated_at=at, expired_at=expired_at, history=history)


def known(order: Order) -> Known:
    """A stored order in the form of the model."""
    assert order.version == len(order.history)
    return Known(
        order.order_id,
        order.item,
        order.customer_email,
        order.created_at,
        order.status,
        order.updated_at,
        order.expired_at,
        tuple(tuple(entry) for entry in order.history),
    )


class Orders(RuleBasedStateMachine):
    placed = Bundle("placed")

    def __init__(self) -> None:
        super().__init__()
        django_settings.ORDERS_INDEX_SHARDS = 1
        self.model: dict[str, Known] = {}
        self.now = NOW
        self.numbers = itertools.count(1)
        for order_id in all_orders():
            store.delete(order_id)

    @initialize(target=placed, count=st.integers(0, 6), email=emails, by=authors)
    def place_orders_of_one_instant(self, count, email, by):
        """Enough to fill pages."""
        return multiple(*[self.place("Teapot", email, by) for _ in range(count)])

    # --- Writes ---

    @rule(hours=hours)
    def time_passes(self, hours):
        """Sometimes by 0 hours, so that several orders have the same instant."""
        self.now += timedelta(hours=hours)

    @rule(target=placed, item=st.sampled_from(["Teapot", "Kettle"]), email=emails, by=authors)
    def place_an_order(self, item, email, by):
        return self.place(item, email, by)

    def place(self, item, email, by):
        # Orders of one instant are sorted by id. With random ids, a repeated run would delete other orders of a page.
        order_id = str(uuid5(NAMESPACE_OID, str(next(self.numbers))))
        fields = {"item": item, "quantity": 1, "customer_name": "Ann", "customer_email": email}
        placement = store.place(**fields, order_id=order_id, at=self.now, by=by)
        assert placement.replayed is False
        return self.add(placement.order, item, email, by)

    @rule(
        target=placed, key=st.sampled_from("abc"), item=st.sampled_from(["Teapot", "Kettle"]), email=emails, by=authors
    )
    def place_with_a_key(self, key, item, email, by):
        order_id = store.idempotent_order_id(caller=by, key=key)
        fields = {"item": item, "quantity": 1, "customer_name": "Ann", "customer_email": email}
        before = self.model.get(order_id)
        if before and (before.item, before.email) != (item, email):
            with pytest.raises(IdempotencyKeyReusedError):
                store.place(**fields, order_id=order_id, at=self.now, by=by)
            return multiple()
        placement = store.place(**fields, order_id=order_id, at=self.now, by=by)
        # A request at the very same instant counts as a retry of the same call.
        assert placement.replayed is (before is not None and before.created_at != self.now)
        if before:
            assert known(placement.order) == before
            return multiple()
        assert placement.order.order_id == order_id
        return self.add(placement.order, item, email, by)

    def add(self, order: Order, item: str, email: str, by: str) -> str:
        first = (Status.PENDING, self.now, by)
        self.model[order.order_id] = Known(order.order_id, item, email, self.now, updated_at=self.now, history=(first,))
        assert known(order) == self.model[order.order_id]
        return order.order_id

    @rule(order_id=placed, to=statuses, by=authors, seen=st.sampled_from([None, 0, -1]), skew=skews)
    def change_status(self, order_id, to, by, seen, skew):
        """`seen` is the caller's version relative to the current one; None for a caller without a version.

        The clock of the caller's machine differs by `skew` hours.
        """
        at = self.now + timedelta(hours=skew)
        before = self.model.get(order_id)
        versions = None if seen is None or before is None else {len(before.history) + seen}

        def change():
            return store.change_status(order_id, to, at=at, by=by, versions=versions)

        if before is None:
            with pytest.raises(OrderNotFoundError):
                change()
        elif before.status is to:
            assert known(change()) == before
        elif seen == -1:
            with pytest.raises(VersionMismatchError):
                change()
        elif (before.status, to) not in ALLOWED:
            with pytest.raises(IllegalTransitionError):
                change()
        else:
            self.model[order_id] = before.moved(to, at, by)
            assert known(change()) == self.model[order_id]

    @rule(order_id=consumes(placed), stale=st.booleans())
    def delete(self, order_id, stale):
        before = self.model.get(order_id)
        if before is None:
            with pytest.raises(OrderNotFoundError):
                store.delete(order_id)
        elif stale:
            with pytest.raises(VersionMismatchError):
                store.delete(order_id, versions={len(before.history) + 1})
        else:
            store.delete(order_id)
            del self.model[order_id]

    @rule(limit=st.none() | st.integers(1, 3), dry_run=st.booleans())
    def sweep(self, limit, dry_run):
        cutoff = self.now - AGE
        due = [order for order in self.model.values() if order.status is Status.PENDING and order.created_at < cutoff]
        due.sort(key=lambda order: (order.created_at, order.order_id))
        chosen = due[:limit]

        swept = expiry.sweep(at=self.now, age=AGE, limit=limit, dry_run=dry_run)

        written = 0 if dry_run else len(chosen)
        assert (swept.cutoff, swept.examined, swept.expired) == (cutoff, len(chosen), written)
        assert (swept.moved_on, swept.failed, swept.remaining) == (0, 0, len(due) - written)
        assert swept.stopped_early is (len(chosen) < len(due))
        for order in chosen[:written]:
            self.model[order.order_id] = order.moved(Status.EXPIRED, self.now, expiry.BY)

    @precondition(lambda _: django_settings.ORDERS_INDEX_SHARDS < 4)
    @rule(shards=st.integers(2, 4))
    def raise_the_number_of_shards(self, shards):
        django_settings.ORDERS_INDEX_SHARDS = max(shards, django_settings.ORDERS_INDEX_SHARDS)

    # --- Reads ---

    @rule(order_id=placed)
    def get(self, order_id):
        if order_id in self.model:
            assert known(store.get(order_id)) == self.model[order_id]
        else:
            with pytest.raises(OrderNotFoundError):
                store.get(order_id)

    @rule(status=listed_statuses, email=listed_emails, limit=st.integers(1, 3))
    def walk(self, status, email, limit):
        self.walk_both_ways(Filters(status=status, customer_email=email), limit)

    @rule(status=listed_statuses, email=listed_emails, after=hours, before=hours, limit=st.integers(1, 3))
    def walk_between_two_instants(self, status, email, after, before, limit):
        since, until = self.now - timedelta(hours=after), self.now - timedelta(hours=before)
        filters = Filters(status=status, customer_email=email, created_after=since, created_before=until)
        self.walk_both_ways(filters, limit)

    def walk_both_ways(self, filters: Filters, limit: int) -> None:
        expected = newest_first(order for order in self.model.values() if matches(order, filters))

        pages = [listing.page(filters, limit=limit)]
        assert pages[0].previous is None
        while pages[-1].next:
            pages.append(listing.page(filters, limit=limit, cursor=pages[-1].next))
        assert ids(order for page in pages for order in page.orders) == expected
        assert all(known(order) == self.model[order.order_id] for page in pages for order in page.orders)

        back = pages[-1:]
        while back[-1].previous:
            back.append(listing.page(filters, limit=limit, cursor=back[-1].previous))
        assert ids(order for page in reversed(back) for order in page.orders) == expected
        assert all(len(page.orders) <= limit for page in pages + back)

    @rule(email=listed_emails, limit=st.integers(1, 3))
    def walk_from_an_emptied_page(self, email, limit):
        """In both directions, after all orders of the page were deleted."""
        filters = Filters(customer_email=email)
        first = listing.page(filters, limit=limit)
        if first.next is None:
            return
        for order in first.orders:
            store.delete(order.order_id)
            del self.model[order.order_id]
        remaining = newest_first(order for order in self.model.values() if matches(order, filters))[:limit]
        second = listing.page(filters, limit=limit, cursor=first.next)
        assert ids(second.orders) == remaining
        emptied = listing.page(filters, limit=limit, cursor=second.previous)
        assert (emptied.orders, emptied.previous) == ([], None)
        assert ids(listing.page(filters, limit=limit, cursor=emptied.next).orders) == remaining

    @rule(status=st.none() | statuses, cap=st.integers(1, 5))
    def count(self, status, cap):
        matching = sum(status in (None, order.status) for order in self.model.values())
        assert counts.count(status, cap=cap) == min(matching, cap)

    @invariant()
    def the_table_equals_the_model(self):
        assert {order_id: known(order) for order_id, order in all_orders().items()} == self.model


def newest_first(orders: Iterable[Known]) -> list[str]:
    return ids(sorted(orders, key=lambda order: (order.created_at, order.order_id), reverse=True))


def matches(order: Known, filters: Filters) -> bool:
    return (
        filters.status in (None, order.status)
        and (filters.customer_email is None or filters.customer_email.lower() == order.email.lower())
        and (filters.created_after is None or filters.created_after <= order.created_at)
        and (filters.created_before is None or order.created_at < filters.created_before)
    )


# Without a deadline, because a step takes as long as the engine does. Hypothesis makes new examples on a developer's
# machine and always the same ones in CI, where a failure must have been caused by the change under test.
RUNS = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_table_and_its_lists_always_match_the_model(table):
    # One override for all runs: pytest-django's `settings` would nest one per run.
    with override_settings(ORDERS_INDEX_SHARDS=1):
        run_state_machine_as_test(Orders, settings=RUNS)

"""The former handlers set the status of an order, but not its index key, version and history."""

from itertools import chain

import pytest

from orders import listing, store
from orders.errors import IllegalTransitionError, VersionMismatchError
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import OUTSIDE, HistoryEntry, OutsideRevision
from tests.contract.fault_proxy import lost
from tests.contract.order_helpers import BY, LATER, NOW, crowd, ids, overwrite, placed, put, set_outside, stored

CANCELLED = OutsideRevision(1, Status.CANCELLED)
PLACED = HistoryEntry(Status.PENDING, NOW, BY)


@pytest.fixture
def order_id(table):
    """An order that we placed and that the former handlers have cancelled."""
    order_id = placed(customer_email="ann@example.com").order_id
    set_outside(order_id, "CANCELLED")
    return order_id


def listed(status=None, email=None):
    return ids(listing.page(Filters(status=status, customer_email=email), limit=10).orders)


def test_it_is_read_with_its_new_status_and_has_another_revision(order_id):
    before = stored(order_id)
    order = store.get(order_id)
    assert (order.status, order.version, order.revision) == (Status.CANCELLED, 1, CANCELLED)
    assert order.changed_outside
    assert order.history == [PLACED]
    assert stored(order_id) == before


def test_it_is_not_listed_under_its_previous_status(order_id):
    assert listed(Status.PENDING) == []
    assert listed() == [order_id]
    assert listed(Status.CANCELLED, "ann@example.com") == [order_id]
    assert listed(Status.PENDING, "ann@example.com") == []


def test_pages_of_the_previous_status_lose_no_other_order(table, shards):
    orders = crowd(11)
    outside = orders[1:10:2]
    for order in outside:
        set_outside(order.order_id, "PROCESSING")
    kept = [order for order in orders if order not in outside]

    pages, cursor = [], None
    while True:
        page = listing.page(Filters(status=Status.PENDING), limit=2, cursor=cursor)
        pages.append(ids(page.orders))
        cursor = page.next
        if cursor is None:
            break
    assert list(chain(*pages)) == ids(kept)

    backwards, cursor = [], page.previous
    while cursor:
        page = listing.page(Filters(status=Status.PENDING), limit=2, cursor=cursor)
        backwards.insert(0, ids(page.orders))
        cursor = page.previous
    assert list(chain(*backwards)) == list(chain(*pages[:-1]))


def test_a_change_repairs_it_in_the_same_write(order_id):
    set_outside(order_id, "PROCESSING")
    changed = store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY)
    assert changed.history == [
        PLACED,
        HistoryEntry(Status.PROCESSING, LATER, OUTSIDE),
        HistoryEntry(Status.COMPLETED, LATER, BY),
    ]
    assert (changed.version, changed.revision) == (3, 3)
    assert listed(Status.COMPLETED) == [order_id]
    assert listed(Status.PENDING) == []


def test_asking_for_the_status_that_it_has_already_repairs_it(order_id):
    order = store.change_status(order_id, Status.CANCELLED, at=LATER, by=BY, versions={1})
    assert order.history == [PLACED, HistoryEntry(Status.CANCELLED, LATER, OUTSIDE)]
    assert (order.version, order.revision, order.updated_at) == (2, 2, LATER)
    assert listed(Status.CANCELLED) == [order_id]
    # And no second time.
    assert store.change_status(order_id, Status.CANCELLED, at=LATER, by=BY).version == 2


def test_one_that_was_set_back_to_pending_is_repaired_too(table):
    order_id = placed(status=Status.CANCELLED).order_id
    set_outside(order_id, "PENDING")
    order = store.change_status(order_id, Status.PENDING, at=LATER, by=BY)
    assert (order.revision, [entry.by for entry in order.history]) == (3, [BY, BY, OUTSIDE])
    assert listed(Status.PENDING) == [order_id]


def test_an_illegal_transition_from_the_status_that_it_has_writes_nothing(order_id):
    before = stored(order_id)
    with pytest.raises(IllegalTransitionError) as refusal:
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)
    assert refusal.value.order.status is Status.CANCELLED
    assert stored(order_id) == before


@pytest.mark.parametrize("versions", [{1}, {0, 2}, {OutsideRevision(1, Status.COMPLETED)}, set()])
def test_a_caller_who_saw_the_previous_status_is_refused(order_id, versions):
    set_outside(order_id, "PROCESSING")
    before = stored(order_id)
    for write in (
        lambda: store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY, versions=versions),
        lambda: store.delete(order_id, versions=versions),
    ):
        with pytest.raises(VersionMismatchError) as refusal:
            write()
        assert refusal.value.order.revision == OutsideRevision(1, Status.PROCESSING)
    assert stored(order_id) == before


def test_a_caller_who_saw_the_new_status_may_change_and_delete_it(order_id):
    set_outside(order_id, "PROCESSING")
    seen = {7, OutsideRevision(1, Status.PROCESSING)}
    assert store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY, versions=seen).revision == 3
    set_outside(order_id, "PENDING")
    store.delete(order_id, versions={OutsideRevision(3, Status.PENDING)})
    assert stored(order_id) is None


def test_a_revision_with_an_outside_status_does_not_match_a_later_version(order_id):
    order = store.change_status(order_id, Status.CANCELLED, at=LATER, by=BY)
    assert order.revision == 2
    with pytest.raises(VersionMismatchError):
        store.delete(order_id, versions={CANCELLED})


def test_a_former_order_with_a_later_status_has_another_revision_than_when_placed(table):
    item = {
        "order_id": {"S": "former"},
        "item": {"S": "Teapot"},
        "quantity": {"N": "2"},
        "status": {"S": "PROCESSING"},
        "created_at": {"S": "2024-05-01T10:15:30.123456"},
    }
    put(item)
    assert store.get("former").revision == OutsideRevision(0, Status.PROCESSING)
    with pytest.raises(VersionMismatchError):
        store.change_status("former", Status.COMPLETED, at=NOW, by=BY, versions={0})
    # It is in no index, so there is nothing to repair.
    assert store.change_status("former", Status.PROCESSING, at=NOW, by=BY).version == 0
    assert stored("former") == item

    completed = store.change_status("former", Status.COMPLETED, at=NOW, by=BY)
    assert completed.history == [
        HistoryEntry(Status.PROCESSING, NOW, OUTSIDE),
        HistoryEntry(Status.COMPLETED, NOW, BY),
    ]
    assert completed.revision == 2


# --- Repairs ----------------------------------------------------------------------------------------------------------


def test_a_repair_is_one_write_that_updates_index_key_version_and_history(order_id, traffic):
    order = store.get(order_id)
    traffic.clear()
    repaired = store.repair(order, at=LATER)
    assert traffic.operations == ["UpdateItem"]
    assert repaired.history == [PLACED, HistoryEntry(Status.CANCELLED, LATER, OUTSIDE)]
    assert (repaired.revision, repaired.updated_at) == (2, LATER)
    assert listed(Status.CANCELLED) == [order_id]


def test_a_repair_does_not_write_to_an_order_that_has_changed_since_it_was_read(order_id):
    order = store.get(order_id)
    set_outside(order_id, "COMPLETED")
    before = stored(order_id)
    assert store.repair(order, at=LATER) is None
    assert stored(order_id) == before
    store.delete(order_id)
    assert store.repair(order, at=LATER) is None
    assert stored(order_id) is None


def test_a_repair_whose_reply_is_lost_is_made_once(way):
    order_id = placed().order_id
    set_outside(order_id, "CANCELLED")
    way.change("UpdateItem", lost)
    assert store.repair(store.get(order_id), at=LATER).revision == 2
    assert store.get(order_id).version == 2


def test_a_change_whose_reply_is_lost_is_made_once(way):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")
    # The first write is refused; the reply to the second is lost.
    way.change("UpdateItem", lambda reply: reply, lost)
    changed = store.change_status(
        order_id, Status.COMPLETED, at=LATER, by=BY, versions={OutsideRevision(1, "PROCESSING")}
    )
    assert (changed.status, changed.version) == (Status.COMPLETED, 3)
    assert store.get(order_id).version == 3


def test_an_order_that_others_keep_changing_is_finally_refused(way):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")

    def and_then_another(reply):
        """A PutItem, since each UpdateItem comes through here."""
        put({**stored(order_id), "item": {"S": f"Teapot {len(way.operations)}"}})
        return reply

    way.change("UpdateItem", *[and_then_another] * store.ATTEMPTS)
    with pytest.raises(VersionMismatchError):
        store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY)
    assert way.operations.count("UpdateItem") == 1 + 1 + store.ATTEMPTS
    assert store.get(order_id).status is Status.PROCESSING


# --- The returned order -----------------------------------------------------------------------------------------------

CHANGES = {
    "status": lambda order_id: store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY),
    "expiry": lambda order_id: store.expire(order_id, at=LATER, by=BY),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("attributes", [{}, {"status": {"S": "pending"}}, {"version": None, "history": None}])
def test_a_changed_order_is_returned_as_it_is_stored(table, change, attributes):
    order_id = placed(customer_email="ann@example.com").order_id
    overwrite(order_id, **attributes)
    assert change(order_id).attribute_values == store.get(order_id).attribute_values


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "processing"])
def test_a_repaired_order_is_returned_as_it_is_stored(table, status):
    order_id = placed().order_id
    set_outside(order_id, status)
    assert store.repair(store.get(order_id), at=LATER).attribute_values == store.get(order_id).attribute_values

"""Orders whose status another program has set without updating the index key, version and history."""

from itertools import chain

import pytest

from orders import listing, store
from orders.errors import IllegalTransitionError, VersionMismatchError
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import OUTSIDE, HistoryEntry, OutsideRevision
from tests.contract.fault_proxy import drop_response
from tests.contract.order_helpers import BY, LATER, NOW, ids, overwrite, place_many, placed, put, set_outside, stored

CANCELLED = OutsideRevision(1, Status.CANCELLED)
PLACED = HistoryEntry(Status.PENDING, NOW, BY)


@pytest.fixture
def order_id(table):
    """An order that this app has placed and the former handlers have cancelled."""
    order_id = placed(customer_email="ann@example.com").order_id
    set_outside(order_id, "CANCELLED")
    return order_id


def listed(status=None, email=None):
    return ids(listing.page(Filters(status=status, customer_email=email), limit=10).orders)


def test_the_order_has_the_new_status_and_another_revision(order_id):
    before = stored(order_id)
    order = store.get(order_id)
    assert (order.status, order.version, order.revision) == (Status.CANCELLED, 1, CANCELLED)
    assert order.changed_outside
    assert order.history == [PLACED]
    assert stored(order_id) == before


def test_the_order_is_not_listed_under_its_previous_status(order_id):
    assert listed(Status.PENDING) == []
    assert listed() == [order_id]
    assert listed(Status.CANCELLED, "ann@example.com") == [order_id]
    assert listed(Status.PENDING, "ann@example.com") == []


def test_pages_of_the_previous_status_contain_all_other_orders(table, shards):
    orders = place_many(11)
    outside = orders[1:10:2]
    for order in outside:
        set_outside(order.order_id, "PROCESSING")
    remaining = [order for order in orders if order not in outside]

    pages, cursor = [], None
    while True:
        page = listing.page(Filters(status=Status.PENDING), limit=2, cursor=cursor)
        pages.append(ids(page.orders))
        cursor = page.next
        if cursor is None:
            break
    assert list(chain(*pages)) == ids(remaining)

    backwards, cursor = [], page.previous
    while cursor:
        page = listing.page(Filters(status=Status.PENDING), limit=2, cursor=cursor)
        backwards.insert(0, ids(page.orders))
        cursor = page.previous
    assert list(chain(*backwards)) == list(chain(*pages[:-1]))


def test_a_status_change_also_repairs_the_order(order_id):
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


def test_setting_the_status_that_it_already_has_repairs_the_order(order_id):
    order = store.change_status(order_id, Status.CANCELLED, at=LATER, by=BY, versions={1})
    assert order.history == [PLACED, HistoryEntry(Status.CANCELLED, LATER, OUTSIDE)]
    assert (order.version, order.revision, order.updated_at) == (2, 2, LATER)
    assert listed(Status.CANCELLED) == [order_id]
    # A second call changes nothing.
    assert store.change_status(order_id, Status.CANCELLED, at=LATER, by=BY).version == 2


def test_an_order_that_was_set_back_to_pending_is_repaired_too(table):
    order_id = placed(status=Status.CANCELLED).order_id
    set_outside(order_id, "PENDING")
    order = store.change_status(order_id, Status.PENDING, at=LATER, by=BY)
    assert (order.revision, [entry.by for entry in order.history]) == (3, [BY, BY, OUTSIDE])
    assert listed(Status.PENDING) == [order_id]


def test_an_illegal_transition_from_the_new_status_writes_nothing(order_id):
    before = stored(order_id)
    with pytest.raises(IllegalTransitionError) as refusal:
        store.change_status(order_id, Status.PROCESSING, at=LATER, by=BY)
    assert refusal.value.order.status is Status.CANCELLED
    assert stored(order_id) == before


@pytest.mark.parametrize("versions", [{1}, {0, 2}, {OutsideRevision(1, Status.COMPLETED)}, set()])
def test_writes_by_a_caller_who_saw_the_previous_status_are_refused(order_id, versions):
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


def test_a_former_order_with_a_changed_status_has_another_revision(table):
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


def test_a_repair_updates_index_key_version_and_history_in_one_write(order_id, traffic):
    order = store.get(order_id)
    traffic.clear()
    repaired = store.repair(order, at=LATER)
    assert traffic.operations == ["UpdateItem"]
    assert repaired.history == [PLACED, HistoryEntry(Status.CANCELLED, LATER, OUTSIDE)]
    assert (repaired.revision, repaired.updated_at) == (2, LATER)
    assert listed(Status.CANCELLED) == [order_id]


def test_an_order_that_has_changed_since_it_was_read_is_not_repaired(order_id):
    order = store.get(order_id)
    set_outside(order_id, "COMPLETED")
    before = stored(order_id)
    assert store.repair(order, at=LATER) is None
    assert stored(order_id) == before
    store.delete(order_id)
    assert store.repair(order, at=LATER) is None
    assert stored(order_id) is None


def test_a_repair_whose_response_is_lost_is_made_once(proxy):
    order_id = placed().order_id
    set_outside(order_id, "CANCELLED")
    proxy.change("UpdateItem", drop_response)
    assert store.repair(store.get(order_id), at=LATER).revision == 2
    assert store.get(order_id).version == 2


def test_a_change_whose_response_is_lost_is_made_once(proxy):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")
    # The first write is refused, and the response to the second is lost.
    proxy.change("UpdateItem", lambda reply: reply, drop_response)
    changed = store.change_status(
        order_id, Status.COMPLETED, at=LATER, by=BY, versions={OutsideRevision(1, "PROCESSING")}
    )
    assert (changed.status, changed.version) == (Status.COMPLETED, 3)
    assert store.get(order_id).version == 3


def test_a_status_change_is_refused_if_other_programs_keep_changing_the_order(proxy):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")

    def change_item(reply):
        """Uses PutItem, because UpdateItem would call this function again."""
        put({**stored(order_id), "item": {"S": f"Teapot {len(proxy.operations)}"}})
        return reply

    proxy.change("UpdateItem", *[change_item] * store.ATTEMPTS)
    with pytest.raises(VersionMismatchError):
        store.change_status(order_id, Status.COMPLETED, at=LATER, by=BY)
    assert proxy.operations.count("UpdateItem") == 1 + 1 + store.ATTEMPTS
    assert store.get(order_id).status is Status.PROCESSING


def change_item_once(proxy, operation, order_id):
    """Change the order after the next call of `operation`, as another program may."""

    def change_item(reply):
        put({**stored(order_id), "item": {"S": "Kettle"}})
        return reply

    proxy.change(operation, change_item)


def test_an_order_that_another_program_changes_does_not_expire(proxy):
    order_id = placed(status=Status.PROCESSING).order_id
    set_outside(order_id, "PENDING")
    change_item_once(proxy, "UpdateItem", order_id)
    assert store.expire(order_id, at=LATER, by=BY) is None
    order = store.get(order_id)
    assert (order.status, order.item) == (Status.PENDING, "Kettle")


def test_an_order_that_another_program_changes_is_not_deleted(proxy):
    order_id = placed().order_id
    set_outside(order_id, "CANCELLED")
    change_item_once(proxy, "DeleteItem", order_id)
    with pytest.raises(VersionMismatchError) as refusal:
        store.delete(order_id, versions={CANCELLED})
    assert refusal.value.order.item == store.get(order_id).item == "Kettle"


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

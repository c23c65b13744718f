"""Pages of orders in both directions, over one and four shards: every order is listed exactly once."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from threading import Event, Thread

import pytest

from orders import counts, listing, store
from orders.dynamodb import operations
from orders.errors import StoreUnavailableError
from orders.lifecycle import Status
from orders.listing import Filters, Page
from tests.contract.fault_proxy import leave_unprocessed
from tests.contract.order_helpers import HOUR, NOW, all_orders, ids, move, place, place_many, placed

ALL = Filters()
MINUTE = timedelta(minutes=1)


def pages_older(filters: Filters, limit: int, *, cursor: str | None = None) -> Iterator[Page]:
    """The pages from the newest order, or the cursor, to the oldest."""
    while True:
        page = listing.page(filters, limit=limit, cursor=cursor)
        yield page
        cursor = page.next
        if cursor is None:
            return


def pages_newer(filters: Filters, limit: int, *, cursor: str | None) -> Iterator[Page]:
    """The pages from the cursor back to the newest order."""
    while cursor is not None:
        page = listing.page(filters, limit=limit, cursor=cursor)
        yield page
        cursor = page.previous


def all_older(filters: Filters, limit: int) -> list[str]:
    return [order_id for page in pages_older(filters, limit) for order_id in ids(page.orders)]


def all_newer(filters: Filters, limit: int) -> list[str]:
    """All orders, newest first, read from the last page back to the first."""
    *_, last = pages_older(filters, limit)
    pages = [last, *pages_newer(filters, limit, cursor=last.previous)]
    return [order_id for page in reversed(pages) for order_id in ids(page.orders)]


def newest_first(orders) -> list[str]:
    return ids(sorted(orders, key=lambda order: (order.created_at, order.order_id), reverse=True))


# --- Whole walks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 8, 23, 24, 100])
def test_pages_contain_every_order_once_newest_first_in_both_directions(table, shards, limit):
    orders = place_many(24)
    assert all_older(ALL, limit) == all_newer(ALL, limit) == newest_first(orders) == ids(orders)


@pytest.mark.parametrize("limit", [4, 25])
def test_orders_of_the_same_instant_are_each_listed_once(table, shards, limit):
    orders = place_many(25, step=timedelta(0))
    assert all_older(ALL, limit) == all_newer(ALL, limit) == newest_first(orders)


def test_orders_are_distributed_over_all_shards(table, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    assert {order.listing_key for order in place_many(60)} == {f"ORDERS#{shard}" for shard in range(4)}


def test_pages_are_the_same_in_both_directions(table, shards):
    place_many(60)
    forward = [ids(page.orders) for page in pages_older(ALL, 20)]
    *_, last = pages_older(ALL, 20)
    back = [ids(page.orders) for page in pages_newer(ALL, 20, cursor=last.previous)]
    assert forward == [*reversed(back), forward[-1]]
    assert [len(page) for page in forward] == [20, 20, 20]


def test_the_first_page_has_no_previous_and_the_last_no_next(table, shards):
    place_many(40)
    first, last = pages_older(ALL, 20)
    assert (first.previous, last.next) == (None, None)
    (again,) = pages_newer(ALL, 20, cursor=last.previous)
    assert ids(again.orders) == ids(first.orders)
    assert again.previous is None
    assert ids(listing.page(ALL, limit=20, cursor=again.next).orders) == ids(last.orders)


def test_an_empty_list_has_no_other_pages(table, shards):
    assert listing.page(ALL, limit=5) == Page([], None, None)
    assert listing.page(Filters(customer_email="ann@example.com"), limit=5) == Page([], None, None)


def test_a_listed_order_has_all_stored_attributes(table, shards):
    order = placed(status=Status.COMPLETED, customer_email="Ann@Example.com")
    for filters in (ALL, Filters(status=Status.COMPLETED), Filters(customer_email="ann@example.com")):
        (listed,) = listing.page(filters, limit=5).orders
        assert listed.attribute_values == store.get(order.order_id).attribute_values


# --- Filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [3, 100])
def test_the_list_of_a_status_contains_exactly_its_orders(table, shards, limit):
    orders = place_many(30)
    for order in orders[::3]:
        move(order.order_id, Status.PROCESSING)
    for order in orders[::6]:
        move(order.order_id, Status.COMPLETED)
    expected = {
        Status.PENDING: [order for number, order in enumerate(orders) if number % 3],
        Status.PROCESSING: [order for number, order in enumerate(orders) if number % 3 == 0 and number % 6],
        Status.COMPLETED: orders[::6],
        Status.CANCELLED: [],
        Status.EXPIRED: [],
    }
    for status, found in expected.items():
        filters = Filters(status=status)
        assert all_older(filters, limit) == all_newer(filters, limit) == ids(found)


@pytest.mark.parametrize("status", [None, Status.PENDING])
@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_a_date_range_includes_its_start_but_not_its_end(table, shards, status, email):
    orders = place_many(12, customer_email="ann@example.com")

    def found(after, before):
        filters = Filters(status=status, customer_email=email, created_after=after, created_before=before)
        assert all_newer(filters, 2) == all_older(filters, 2)
        return all_older(filters, 2)

    assert found(NOW - 5 * MINUTE, NOW - 2 * MINUTE) == ids(orders[3:6])
    assert found(NOW - 5 * MINUTE, None) == ids(orders[:6])
    assert found(None, NOW - 5 * MINUTE) == ids(orders[6:])
    microsecond = timedelta(microseconds=1)
    assert found(NOW - 5 * MINUTE + microsecond, NOW - 2 * MINUTE + microsecond) == ids(orders[2:5])
    assert found(NOW - 5 * MINUTE, NOW - 5 * MINUTE) == []
    assert found(NOW - 5 * MINUTE, NOW - 5 * MINUTE + microsecond) == ids(orders[5:6])


def test_adjacent_date_ranges_have_no_gap_or_overlap(table, shards):
    orders = place_many(24)
    edges = [NOW - 30 * MINUTE, NOW - 17 * MINUTE, NOW - 16 * MINUTE, NOW - 5 * MINUTE, NOW + MINUTE]
    ranges = [all_older(Filters(created_after=low, created_before=high), 4) for low, high in pairwise(edges)]
    assert [order_id for found in reversed(ranges) for order_id in found] == ids(orders)


def test_a_range_that_ends_before_it_starts_is_empty(table, shards):
    place_many(3)
    reversed_range = {"created_after": NOW, "created_before": NOW - HOUR}
    assert listing.page(Filters(**reversed_range), limit=5) == Page([], None, None)
    assert listing.page(Filters(customer_email="ann@example.com", **reversed_range), limit=5) == Page([], None, None)


@pytest.mark.parametrize("email", ["ann@example.com", "Ann@Example.com", "ANN@EXAMPLE.COM"])
def test_a_customers_orders_are_found_with_the_address_in_any_case(table, shards, email):
    older = placed(customer_email="ann@example.com", at=NOW - HOUR)
    newer = placed(customer_email="Ann@Example.COM")
    placed(customer_email="bob@example.com")
    placed(customer_email="")
    assert ids(listing.page(Filters(customer_email=email), limit=5).orders) == [newer.order_id, older.order_id]


@pytest.mark.parametrize("limit", [1, 7, 20, 100])
def test_a_customers_pages_contain_each_order_once(table, limit):
    orders = place_many(20, customer_email="ann@example.com")
    filters = Filters(customer_email="ann@example.com")
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(orders)


@pytest.mark.parametrize("limit", [3, 8, 100])
def test_a_customers_orders_with_a_status_are_all_found_in_both_directions(table, limit):
    orders = place_many(130, customer_email="ann@example.com")
    chosen = [*orders[:3], *orders[50:70:2], orders[119], orders[129]]
    for order in chosen:
        move(order.order_id, Status.PROCESSING)
    filters = Filters(customer_email="ann@example.com", status=Status.PROCESSING)
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(chosen)


def test_an_empty_page_of_a_customer_can_have_a_next_page(table):
    orders = place_many(130, customer_email="ann@example.com")
    move(orders[-1].order_id, Status.PROCESSING)
    first, second = pages_older(Filters(customer_email="ann@example.com", status=Status.PROCESSING), 5)
    assert first.orders == []
    assert ids(second.orders) == [orders[-1].order_id]


# --- Other spellings of a customer's address --------------------------------------------------------------------------

BUECHER = Filters(customer_email="inf@xn--bcher-kva.example")


def under_former_keys(orders):
    """Store the orders as before the canonical form was introduced: under the address in lower case."""
    for order in orders:
        order.customer_key = order.customer_email.lower()
        order.save()
    return orders


@pytest.mark.parametrize("limit", [1, 4, 9, 100])
@pytest.mark.parametrize("email", ["inf@bücher.example", "Inf@Xn--Bcher-KVA.example", "inf@bu\u0308cher.example"])
def test_orders_with_former_customer_keys_are_in_the_same_list(table, limit, email):
    orders = place_many(20)
    stored = ("inf@bücher.example", "inf@bu\u0308cher.example", "Inf@xn--bcher-kva.example")
    for number, order in enumerate(orders):
        order.customer_email = stored[number % 3]
    under_former_keys(orders)
    filters = Filters(customer_email=email)
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(orders)


def test_orders_with_former_and_canonical_keys_are_in_the_same_list_by_status(table):
    orders = place_many(130, customer_email="inf@bücher.example")
    under_former_keys(orders[::2])
    chosen = [*orders[:3], *orders[50:70:3], orders[119], orders[129]]
    for order in chosen:
        move(order.order_id, Status.PROCESSING)
    filters = Filters(customer_email="inf@bücher.example", status=Status.PROCESSING)
    assert all_older(filters, 3) == all_newer(filters, 3) == ids(chosen)


def test_a_cursor_is_valid_for_every_spelling_of_the_address(table):
    orders = place_many(6, customer_email="inf@bücher.example")
    cursor = listing.page(BUECHER, limit=2).next
    other = Filters(customer_email="INF@bücher.example")
    assert ids(listing.page(other, limit=2, cursor=cursor).orders) == ids(orders[2:4])


def test_an_order_with_a_full_width_domain_is_found_by_the_typed_address(table):
    (order,) = under_former_keys(place_many(1, customer_email="Zoe@\uff25xample.com"))
    assert all_older(Filters(customer_email="zoe@\uff25xample.com"), 5) == [order.order_id]


def test_an_order_with_a_domain_that_idna_refuses_is_in_the_customers_list(table):
    (order,) = under_former_keys(place_many(1, customer_email="Zoe@I❤.example"))
    assert all_older(Filters(customer_email="zoe@i❤.example"), 5) == [order.order_id]


# --- While the table changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", [ALL, Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")])
def test_pages_contain_each_order_once_while_new_orders_are_placed(table, shards, filters):
    orders = place_many(60, customer_email="ann@example.com")
    done = Event()

    def keep_adding():
        number = 0
        while not done.wait(0.005):
            number += 1
            at = NOW + number * MINUTE if number % 2 else NOW - (number % 60) * MINUTE - timedelta(seconds=30)
            place(at=at, customer_email="ann@example.com")

    adding = Thread(target=keep_adding)
    adding.start()
    try:
        older = all_older(filters, 6)
        newer = all_newer(filters, 6)
    finally:
        done.set()
        adding.join()
    assert len(all_orders()) > 60
    for seen in (older, newer):
        assert len(seen) == len(set(seen))
        assert [order_id for order_id in seen if order_id in set(ids(orders))] == ids(orders)


def test_the_next_page_is_correct_after_the_last_listed_order_was_deleted(table, shards):
    orders = place_many(12)
    first = listing.page(ALL, limit=4)
    for order in orders[2:6]:
        store.delete(order.order_id)
    second = listing.page(ALL, limit=4, cursor=first.next)
    assert ids(second.orders) == ids(orders[6:10])
    assert ids(listing.page(ALL, limit=4, cursor=second.previous).orders) == ids(orders[:2])


def test_the_next_page_is_correct_after_the_last_listed_order_changed_its_status(table, shards):
    orders = place_many(12)
    filters = Filters(status=Status.PENDING)
    first = listing.page(filters, limit=4)
    for order in orders[2:6]:
        move(order.order_id, Status.PROCESSING)
    assert ids(listing.page(filters, limit=4, cursor=first.next).orders) == ids(orders[6:10])


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_the_next_page_of_an_emptied_first_page_skips_no_order(table, shards, email):
    orders = place_many(8, customer_email="ann@example.com")
    filters = Filters(customer_email=email)
    first, second = pages_older(filters, 4)
    for order in first.orders:
        store.delete(order.order_id)

    emptied = listing.page(filters, limit=4, cursor=second.previous)
    assert (emptied.orders, emptied.previous) == ([], None)
    assert ids(listing.page(filters, limit=4, cursor=emptied.next).orders) == ids(orders[4:])


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_the_previous_page_of_an_emptied_last_page_skips_no_order(table, shards, email):
    orders = place_many(8, customer_email="ann@example.com")
    filters = Filters(customer_email=email)
    first, second = pages_older(filters, 4)
    for order in second.orders:
        store.delete(order.order_id)

    emptied = listing.page(filters, limit=4, cursor=first.next)
    assert (emptied.orders, emptied.next) == ([], None)
    assert ids(listing.page(filters, limit=4, cursor=emptied.previous).orders) == ids(orders[:4])


def test_the_newer_cursor_lists_the_orders_placed_since(table, shards):
    place_many(3)
    (newest,) = listing.page(ALL, limit=1).orders
    cursor = listing.newer_cursor(newest, ALL)
    assert listing.page(ALL, limit=5, cursor=cursor).orders == []

    placed_since = [placed(at=NOW + number * MINUTE) for number in (1, 2, 3)]

    page = listing.page(ALL, limit=5, cursor=cursor)
    assert ids(page.orders) == ids(placed_since)[::-1]
    assert page.previous is None


# --- Shards -----------------------------------------------------------------------------------------------------------


def test_older_orders_are_listed_after_the_number_of_shards_was_raised(table, settings):
    older = place_many(20, customer_email="ann@example.com")
    settings.ORDERS_INDEX_SHARDS = 4
    newer = [placed(at=NOW + number * MINUTE, customer_email="ann@example.com") for number in range(20, 0, -1)]
    settings.ORDERS_INDEX_SHARDS = 6

    assert len({order.listing_key for order in newer}) > 1
    for filters in (ALL, Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")):
        assert all_older(filters, 7) == all_newer(filters, 7) == ids(newer + older)
    assert counts.count(Status.PENDING) == 40
    due = [item["order_id"]["S"] for item in listing.due(before=NOW + HOUR)]
    assert due == ids(newer + older)[::-1]


def test_an_order_stays_in_its_shard_when_its_status_changes(table, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    for order in place_many(12):
        moved = move(order.order_id, Status.PROCESSING)
        assert moved.status_key == order.status_key.replace("PENDING", "PROCESSING")
        assert moved.listing_key == order.listing_key


def test_older_orders_can_change_their_status_after_the_number_of_shards_was_raised(table, settings):
    orders = place_many(20)
    settings.ORDERS_INDEX_SHARDS = 4
    for order in orders:
        move(order.order_id, Status.PROCESSING)
    assert all_older(Filters(status=Status.PROCESSING), 7) == all_older(ALL, 7) == ids(orders)
    assert all_older(Filters(status=Status.PENDING), 7) == []


# --- Walk and get_many ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "found"), [(0, 0), (1, 1), (100, 100), (101, 101), (130, 130), (500, 130)])
def test_walk_returns_the_newest_orders_over_several_pages(table, shards, limit, found):
    orders = place_many(130)
    assert [order_id for page in listing.walk(ALL, limit=limit) for order_id in ids(page.orders)] == ids(orders[:found])


def test_walk_continues_after_empty_pages(table):
    orders = place_many(130, customer_email="ann@example.com")
    move(orders[-1].order_id, Status.PROCESSING)
    filters = Filters(customer_email="ann@example.com", status=Status.PROCESSING)
    assert [ids(page.orders) for page in listing.walk(filters, limit=10)] == [[], [orders[-1].order_id]]


def test_get_many_returns_existing_orders_once_and_in_the_requested_order(table):
    orders = place_many(120)
    store.delete(orders[7].order_id)
    requested = [*ids(orders)[::-1], orders[3].order_id, "unknown"]
    existing = [order.order_id for order in orders[::-1] if order is not orders[7]]
    assert ids(listing.get_many(iter(requested))) == existing
    assert listing.get_many([]) == []


def test_get_many_retries_unprocessed_keys(proxy):
    orders = place_many(3)
    proxy.change("BatchGetItem", leave_unprocessed(*ids(orders)), leave_unprocessed(orders[1].order_id))
    assert ids(listing.get_many(ids(orders))) == ids(orders)
    assert proxy.operations.count("BatchGetItem") == 3


def test_get_many_fails_if_a_key_stays_unprocessed(proxy, monkeypatch):
    monkeypatch.setattr(operations, "UNPROCESSED_WAITS", (0, 0, 0))
    [order] = place_many(1)
    proxy.change("BatchGetItem", *[leave_unprocessed(order.order_id)] * 10)
    with pytest.raises(StoreUnavailableError) as refusal:
        listing.get_many([order.order_id])
    assert refusal.value.reason == "BatchGetItem left 1 keys unprocessed"
    assert proxy.operations.count("BatchGetItem") == 4

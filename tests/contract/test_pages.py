"""Pages of orders, both ways, over one shard and over four: nothing is lost and nothing comes twice."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from threading import Event, Thread

import pytest

from orders import counts, dynamodb, listing, store
from orders.errors import StoreUnavailableError
from orders.lifecycle import Status
from orders.listing import Filters, Page
from tests.contract.fault_proxy import unprocessed
from tests.contract.order_helpers import HOUR, NOW, crowd, everything, ids, move, place, placed

ALL = Filters()
MINUTE = timedelta(minutes=1)


def pages_older(filters: Filters, limit: int, *, cursor: str | None = None) -> Iterator[Page]:
    """From the newest, or the cursor, to the oldest."""
    while True:
        page = listing.page(filters, limit=limit, cursor=cursor)
        yield page
        cursor = page.next
        if cursor is None:
            return


def pages_newer(filters: Filters, limit: int, *, cursor: str | None) -> Iterator[Page]:
    """From the cursor back to the newest; the pages stand in the order in which they are come to."""
    while cursor is not None:
        page = listing.page(filters, limit=limit, cursor=cursor)
        yield page
        cursor = page.previous


def all_older(filters: Filters, limit: int) -> list[str]:
    return [order_id for page in pages_older(filters, limit) for order_id in ids(page.orders)]


def all_newer(filters: Filters, limit: int) -> list[str]:
    """All the orders, newest first as well, but come to from the oldest end."""
    *_, last = pages_older(filters, limit)
    pages = [last, *pages_newer(filters, limit, cursor=last.previous)]
    return [order_id for page in reversed(pages) for order_id in ids(page.orders)]


def newest_first(orders) -> list[str]:
    return ids(sorted(orders, key=lambda order: (order.created_at, order.order_id), reverse=True))


# --- Whole walks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 8, 23, 24, 100])
def test_a_walk_shows_every_order_once_newest_first_in_both_directions(table, shards, limit):
    orders = crowd(24)
    assert all_older(ALL, limit) == all_newer(ALL, limit) == newest_first(orders) == ids(orders)


@pytest.mark.parametrize("limit", [4, 25])
def test_orders_of_one_instant_are_neither_lost_nor_doubled(table, shards, limit):
    orders = crowd(25, step=timedelta(0))
    assert all_older(ALL, limit) == all_newer(ALL, limit) == newest_first(orders)


def test_every_shard_holds_some_of_the_orders(table, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    assert {order.listing_key for order in crowd(60)} == {f"ORDERS#{shard}" for shard in range(4)}


def test_the_same_pages_are_met_on_the_way_back(table, shards):
    crowd(60)
    there = [ids(page.orders) for page in pages_older(ALL, 20)]
    *_, last = pages_older(ALL, 20)
    back = [ids(page.orders) for page in pages_newer(ALL, 20, cursor=last.previous)]
    assert there == [*reversed(back), there[-1]]
    assert [len(page) for page in there] == [20, 20, 20]


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after_it(table, shards):
    crowd(40)
    first, last = pages_older(ALL, 20)
    assert (first.previous, last.next) == (None, None)
    (again,) = pages_newer(ALL, 20, cursor=last.previous)
    assert ids(again.orders) == ids(first.orders)
    assert again.previous is None
    assert ids(listing.page(ALL, limit=20, cursor=again.next).orders) == ids(last.orders)


def test_a_list_of_no_orders_has_no_neighbours(table, shards):
    assert listing.page(ALL, limit=5) == Page([], None, None)
    assert listing.page(Filters(customer_email="ann@example.com"), limit=5) == Page([], None, None)


def test_a_listed_order_is_the_stored_one(table, shards):
    order = placed(status=Status.COMPLETED, customer_email="Ann@Example.com")
    for filters in (ALL, Filters(status=Status.COMPLETED), Filters(customer_email="ann@example.com")):
        (listed,) = listing.page(filters, limit=5).orders
        assert listed.attribute_values == store.get(order.order_id).attribute_values


# --- Filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [3, 100])
def test_a_statuss_list_holds_its_orders_and_no_other(table, shards, limit):
    orders = crowd(30)
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
def test_a_range_of_dates_includes_its_beginning_and_not_its_end(table, shards, status, email):
    orders = crowd(12, customer_email="ann@example.com")

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


def test_ranges_of_dates_tile_without_gap_or_overlap(table, shards):
    orders = crowd(24)
    edges = [NOW - 30 * MINUTE, NOW - 17 * MINUTE, NOW - 16 * MINUTE, NOW - 5 * MINUTE, NOW + MINUTE]
    tiles = [all_older(Filters(created_after=low, created_before=high), 4) for low, high in pairwise(edges)]
    assert [order_id for tile in reversed(tiles) for order_id in tile] == ids(orders)


def test_a_range_that_ends_before_it_begins_holds_nothing(table, shards):
    crowd(3)
    reversed_range = {"created_after": NOW, "created_before": NOW - HOUR}
    assert listing.page(Filters(**reversed_range), limit=5) == Page([], None, None)
    assert listing.page(Filters(customer_email="ann@example.com", **reversed_range), limit=5) == Page([], None, None)


@pytest.mark.parametrize("email", ["ann@example.com", "Ann@Example.com", "ANN@EXAMPLE.COM"])
def test_a_customers_orders_are_found_in_whatever_case(table, shards, email):
    older = placed(customer_email="ann@example.com", at=NOW - HOUR)
    newer = placed(customer_email="Ann@Example.COM")
    placed(customer_email="bob@example.com")
    placed(customer_email="")
    assert ids(listing.page(Filters(customer_email=email), limit=5).orders) == [newer.order_id, older.order_id]


@pytest.mark.parametrize("limit", [1, 7, 20, 100])
def test_a_customers_walk_shows_each_of_the_orders_once(table, limit):
    orders = crowd(20, customer_email="ann@example.com")
    filters = Filters(customer_email="ann@example.com")
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(orders)


@pytest.mark.parametrize("limit", [3, 8, 100])
def test_a_customers_orders_of_one_status_are_all_found_in_both_directions(table, limit):
    orders = crowd(130, customer_email="ann@example.com")
    chosen = [*orders[:3], *orders[50:70:2], orders[119], orders[129]]
    for order in chosen:
        move(order.order_id, Status.PROCESSING)
    filters = Filters(customer_email="ann@example.com", status=Status.PROCESSING)
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(chosen)


def test_a_customers_page_may_be_empty_and_still_lead_on(table):
    orders = crowd(130, customer_email="ann@example.com")
    move(orders[-1].order_id, Status.PROCESSING)
    first, second = pages_older(Filters(customer_email="ann@example.com", status=Status.PROCESSING), 5)
    assert first.orders == []
    assert ids(second.orders) == [orders[-1].order_id]


# --- Other spellings of a customer's address --------------------------------------------------------------------------

BUECHER = Filters(customer_email="inf@xn--bcher-kva.example")


def under_former_keys(orders):
    """The orders as they were stored before the key had one canonical form: under the address in lower case."""
    for order in orders:
        order.customer_key = order.customer_email.lower()
        order.save()
    return orders


@pytest.mark.parametrize("limit", [1, 4, 9, 100])
@pytest.mark.parametrize("email", ["inf@bücher.example", "Inf@Xn--Bcher-KVA.example", "inf@bu\u0308cher.example"])
def test_orders_under_former_keys_of_a_customer_are_in_the_same_list(table, limit, email):
    orders = crowd(20)
    stored = ("inf@bücher.example", "inf@bu\u0308cher.example", "Inf@xn--bcher-kva.example")
    for number, order in enumerate(orders):
        order.customer_email = stored[number % 3]
    under_former_keys(orders)
    filters = Filters(customer_email=email)
    assert all_older(filters, limit) == all_newer(filters, limit) == ids(orders)


def test_orders_under_a_former_key_and_the_canonical_one_are_one_walk_by_status_too(table):
    orders = crowd(130, customer_email="inf@bücher.example")
    under_former_keys(orders[::2])
    chosen = [*orders[:3], *orders[50:70:3], orders[119], orders[129]]
    for order in chosen:
        move(order.order_id, Status.PROCESSING)
    filters = Filters(customer_email="inf@bücher.example", status=Status.PROCESSING)
    assert all_older(filters, 3) == all_newer(filters, 3) == ids(chosen)


def test_a_cursor_serves_every_spelling_of_the_address(table):
    orders = crowd(6, customer_email="inf@bücher.example")
    cursor = listing.page(BUECHER, limit=2).next
    other = Filters(customer_email="INF@bücher.example")
    assert ids(listing.page(other, limit=2, cursor=cursor).orders) == ids(orders[2:4])


def test_an_order_under_a_domain_of_full_width_is_found_as_it_was_typed(table):
    (order,) = under_former_keys(crowd(1, customer_email="Zoe@\uff25xample.com"))
    assert all_older(Filters(customer_email="zoe@\uff25xample.com"), 5) == [order.order_id]


def test_an_order_under_a_domain_that_idna_refuses_stays_in_its_customers_list(table):
    (order,) = under_former_keys(crowd(1, customer_email="Zoe@I❤.example"))
    assert all_older(Filters(customer_email="zoe@i❤.example"), 5) == [order.order_id]


# --- While the table changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", [ALL, Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")])
def test_a_walk_loses_and_doubles_nothing_while_orders_keep_coming_in(table, shards, filters):
    orders = crowd(60, customer_email="ann@example.com")
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
    assert len(everything()) > 60
    for seen in (older, newer):
        assert len(seen) == len(set(seen))
        assert [order_id for order_id in seen if order_id in set(ids(orders))] == ids(orders)


def test_the_way_on_leads_from_the_place_of_an_order_that_was_deleted(table, shards):
    orders = crowd(12)
    first = listing.page(ALL, limit=4)
    for order in orders[2:6]:
        store.delete(order.order_id)
    second = listing.page(ALL, limit=4, cursor=first.next)
    assert ids(second.orders) == ids(orders[6:10])
    assert ids(listing.page(ALL, limit=4, cursor=second.previous).orders) == ids(orders[:2])


def test_the_way_on_leads_from_the_place_of_an_order_that_left_the_list(table, shards):
    orders = crowd(12)
    filters = Filters(status=Status.PENDING)
    first = listing.page(filters, limit=4)
    for order in orders[2:6]:
        move(order.order_id, Status.PROCESSING)
    assert ids(listing.page(filters, limit=4, cursor=first.next).orders) == ids(orders[6:10])


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_the_way_on_from_a_page_before_that_has_become_empty_skips_nothing(table, shards, email):
    orders = crowd(8, customer_email="ann@example.com")
    filters = Filters(customer_email=email)
    first, second = pages_older(filters, 4)
    for order in first.orders:
        store.delete(order.order_id)

    emptied = listing.page(filters, limit=4, cursor=second.previous)
    assert (emptied.orders, emptied.previous) == ([], None)
    assert ids(listing.page(filters, limit=4, cursor=emptied.next).orders) == ids(orders[4:])


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_the_way_back_from_a_page_after_that_has_become_empty_skips_nothing(table, shards, email):
    orders = crowd(8, customer_email="ann@example.com")
    filters = Filters(customer_email=email)
    first, second = pages_older(filters, 4)
    for order in second.orders:
        store.delete(order.order_id)

    emptied = listing.page(filters, limit=4, cursor=first.next)
    assert (emptied.orders, emptied.next) == ([], None)
    assert ids(listing.page(filters, limit=4, cursor=emptied.previous).orders) == ids(orders[:4])


def test_what_has_come_in_since_lies_before_the_newest_order_that_was_seen(table, shards):
    crowd(3)
    (newest,) = listing.page(ALL, limit=1).orders
    cursor = listing.newer_cursor(newest, ALL)
    assert listing.page(ALL, limit=5, cursor=cursor).orders == []

    come_in = [placed(at=NOW + number * MINUTE) for number in (1, 2, 3)]

    page = listing.page(ALL, limit=5, cursor=cursor)
    assert ids(page.orders) == ids(come_in)[::-1]
    assert page.previous is None


# --- Shards -----------------------------------------------------------------------------------------------------------


def test_raising_the_number_of_shards_loses_none_of_the_older_orders(table, settings):
    older = crowd(20, customer_email="ann@example.com")
    settings.ORDERS_INDEX_SHARDS = 4
    newer = [placed(at=NOW + number * MINUTE, customer_email="ann@example.com") for number in range(20, 0, -1)]
    settings.ORDERS_INDEX_SHARDS = 6

    assert len({order.listing_key for order in newer}) > 1
    for filters in (ALL, Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")):
        assert all_older(filters, 7) == all_newer(filters, 7) == ids(newer + older)
    assert counts.count(Status.PENDING) == 40
    assert ids(list(listing.due(before=NOW + HOUR))) == ids(newer + older)[::-1]


def test_an_order_that_moves_stays_in_its_shard(table, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    for order in crowd(12):
        moved = move(order.order_id, Status.PROCESSING)
        assert moved.status_key == order.status_key.replace("PENDING", "PROCESSING")
        assert moved.listing_key == order.listing_key


def test_an_older_order_can_be_moved_after_the_number_of_shards_was_raised(table, settings):
    orders = crowd(20)
    settings.ORDERS_INDEX_SHARDS = 4
    for order in orders:
        move(order.order_id, Status.PROCESSING)
    assert all_older(Filters(status=Status.PROCESSING), 7) == all_older(ALL, 7) == ids(orders)
    assert all_older(Filters(status=Status.PENDING), 7) == []


# --- Walk and get_many ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "found"), [(0, 0), (1, 1), (100, 100), (101, 101), (130, 130), (500, 130)])
def test_walk_gives_the_newest_over_as_many_pages_as_it_takes(table, shards, limit, found):
    orders = crowd(130)
    assert [order_id for page in listing.walk(ALL, limit=limit) for order_id in ids(page.orders)] == ids(orders[:found])


def test_walk_goes_on_over_a_customers_empty_pages(table):
    orders = crowd(130, customer_email="ann@example.com")
    move(orders[-1].order_id, Status.PROCESSING)
    filters = Filters(customer_email="ann@example.com", status=Status.PROCESSING)
    assert [ids(page.orders) for page in listing.walk(filters, limit=10)] == [[], [orders[-1].order_id]]


def test_get_many_gives_the_orders_in_the_order_asked_for_each_once_and_leaves_out_those_gone(table):
    orders = crowd(120)
    store.delete(orders[7].order_id)
    asked = [*ids(orders)[::-1], orders[3].order_id, "never-was"]
    assert ids(listing.get_many(iter(asked))) == [order.order_id for order in orders[::-1] if order is not orders[7]]
    assert listing.get_many([]) == []


def test_get_many_asks_again_for_what_dynamodb_left_unprocessed(way):
    orders = crowd(3)
    way.change("BatchGetItem", unprocessed(*ids(orders)), unprocessed(orders[1].order_id))
    assert ids(listing.get_many(ids(orders))) == ids(orders)
    assert way.operations.count("BatchGetItem") == 3


def test_get_many_gives_up_when_dynamodb_leaves_the_same_key_unprocessed_again_and_again(way, monkeypatch):
    monkeypatch.setattr(dynamodb, "UNPROCESSED_WAITS", (0, 0, 0))
    [order] = crowd(1)
    way.change("BatchGetItem", *[unprocessed(order.order_id)] * 10)
    with pytest.raises(StoreUnavailableError) as refusal:
        listing.get_many([order.order_id])
    assert refusal.value.reason == "BatchGetItem left 1 keys unprocessed"
    assert way.operations.count("BatchGetItem") == 4

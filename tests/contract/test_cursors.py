from datetime import timedelta

import pytest

from orders import listing
from orders.errors import InvalidCursorError
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import HOUR, NOW, crowd, ids

SEVERAL = (
    Filters(),
    Filters(status=Status.PENDING),
    Filters(status=Status.PROCESSING),
    Filters(customer_email="ann@example.com"),
    Filters(customer_email="bob@example.com"),
    Filters(status=Status.PENDING, customer_email="ann@example.com"),
    Filters(created_after=NOW - HOUR),
    Filters(created_after=NOW - HOUR - timedelta(microseconds=1)),
    Filters(created_before=NOW + HOUR),
    Filters(created_before=NOW - HOUR),
    Filters(created_after=NOW - HOUR, created_before=NOW + HOUR),
)


@pytest.fixture
def cursor(table):
    crowd(10)
    return listing.page(Filters(), limit=4).next


def test_a_cursor_is_good_for_its_own_filters_only(table):
    crowd(10, customer_email="ann@example.com")
    made = {filters: listing.page(filters, limit=4).next for filters in SEVERAL}
    assert sum(cursor is not None for cursor in made.values()) >= 7
    for filters, cursor in made.items():
        if cursor is None:
            continue
        assert len(listing.page(filters, limit=4, cursor=cursor).orders) == 4
        for other in SEVERAL:
            if other != filters:
                with pytest.raises(InvalidCursorError):
                    listing.page(other, limit=4, cursor=cursor)


def test_the_same_filters_in_other_words_take_the_same_cursor(table):
    crowd(10, customer_email="ann@example.com")
    cursor = listing.page(Filters(customer_email="ann@example.com"), limit=4).next
    assert len(listing.page(Filters(customer_email="Ann@Example.com"), limit=4, cursor=cursor).orders) == 4


def test_another_limit_takes_the_same_cursor(cursor):
    assert len(listing.page(Filters(), limit=2, cursor=cursor).orders) == 2


def test_a_cursor_that_was_altered_anywhere_is_refused(cursor, traffic):
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        with pytest.raises(InvalidCursorError) as refusal:
            listing.page(Filters(), limit=4, cursor=cursor[:place] + other + cursor[place + 1 :])
        assert refusal.value.code == "invalid_cursor"
    assert traffic.operations == []


@pytest.mark.parametrize(
    "garbage",
    [" ", ":", "x", "a:b", "::", "\x00", "\ud800", "💥:💥", "x" * 10_000, "eyJhIjoxfQ:abc", "null", "[]", "%00"],
)
def test_garbage_is_no_cursor(garbage, traffic):
    with pytest.raises(InvalidCursorError):
        listing.page(Filters(), limit=4, cursor=garbage)
    assert traffic.operations == []


def test_a_cursor_that_was_cut_off_or_added_to_is_refused(cursor):
    for altered in (cursor[:-1], cursor[1:], cursor + "A", cursor + " ", cursor.replace(":", "", 1)):
        with pytest.raises(InvalidCursorError):
            listing.page(Filters(), limit=4, cursor=altered)


def test_a_cursor_of_another_installation_is_refused(cursor, settings):
    settings.SECRET_KEY = "another"
    with pytest.raises(InvalidCursorError):
        listing.page(Filters(), limit=4, cursor=cursor)


def test_a_cursor_is_good_in_a_url_as_it_is(cursor):
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:")


def test_a_cursor_outlives_a_change_in_the_number_of_shards(cursor, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    seen = ids(listing.page(Filters(), limit=4).orders) + ids(listing.page(Filters(), limit=10, cursor=cursor).orders)
    assert len(seen) == len(set(seen)) == 10

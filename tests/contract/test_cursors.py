from datetime import timedelta

import pytest

from orders import listing
from orders.errors import InvalidCursorError
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import HOUR, NOW, ids, place_many

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
    place_many(10)
    return listing.page(Filters(), limit=4).next


def test_a_cursor_is_valid_only_for_its_own_filters(table):
    place_many(10, customer_email="ann@example.com")
    cursors = {filters: listing.page(filters, limit=4).next for filters in SEVERAL}
    assert sum(cursor is not None for cursor in cursors.values()) >= 7
    for filters, cursor in cursors.items():
        if cursor is None:
            continue
        assert len(listing.page(filters, limit=4, cursor=cursor).orders) == 4
        for other in SEVERAL:
            if other != filters:
                with pytest.raises(InvalidCursorError):
                    listing.page(other, limit=4, cursor=cursor)


def test_a_cursor_is_valid_for_another_spelling_of_the_same_filters(table):
    place_many(10, customer_email="ann@example.com")
    cursor = listing.page(Filters(customer_email="ann@example.com"), limit=4).next
    assert len(listing.page(Filters(customer_email="Ann@Example.com"), limit=4, cursor=cursor).orders) == 4


def test_a_cursor_is_valid_with_another_limit(cursor):
    assert len(listing.page(Filters(), limit=2, cursor=cursor).orders) == 2


def test_a_cursor_with_any_character_changed_is_refused(cursor, traffic):
    for index in range(len(cursor)):
        other = "A" if cursor[index] != "A" else "B"
        with pytest.raises(InvalidCursorError) as refusal:
            listing.page(Filters(), limit=4, cursor=cursor[:index] + other + cursor[index + 1 :])
        assert refusal.value.code == "invalid_cursor"
    assert traffic.operations == []


@pytest.mark.parametrize(
    "garbage",
    [" ", ":", "x", "a:b", "::", "\x00", "\ud800", "💥:💥", "x" * 10_000, "eyJhIjoxfQ:abc", "null", "[]", "%00"],
)
def test_a_text_that_is_not_a_cursor_is_refused(garbage, traffic):
    with pytest.raises(InvalidCursorError):
        listing.page(Filters(), limit=4, cursor=garbage)
    assert traffic.operations == []


def test_a_truncated_or_extended_cursor_is_refused(cursor):
    for altered in (cursor[:-1], cursor[1:], cursor + "A", cursor + " ", cursor.replace(":", "", 1)):
        with pytest.raises(InvalidCursorError):
            listing.page(Filters(), limit=4, cursor=altered)


def test_a_cursor_of_another_installation_is_refused(cursor, settings):
    settings.SECRET_KEY = "another"
    with pytest.raises(InvalidCursorError):
        listing.page(Filters(), limit=4, cursor=cursor)


def test_a_cursor_needs_no_escaping_in_a_url(cursor):
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:")


def test_a_cursor_stays_valid_when_the_number_of_shards_changes(cursor, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    seen = ids(listing.page(Filters(), limit=4).orders) + ids(listing.page(Filters(), limit=10, cursor=cursor).orders)
    assert len(seen) == len(set(seen)) == 10

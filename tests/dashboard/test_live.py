"""What the list asks for every 20 seconds: the state of the rows that are shown, and whether new orders came in."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from orders import listing
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import LATER, NOW, ids, move, place, place_many, placed
from tests.dashboard.reading import Page, see

LIVE = "/dashboard/live/"


def look(browser, newest="", shown=(), **filters):
    asked = [("newest", newest), *(("id", order_id) for order_id in shown), *filters.items()]
    return browser.get(f"{LIVE}?{urlencode(asked)}")


def cursor(order, **filters):
    return listing.newer_cursor(order, Filters(**filters))


def test_the_list_asks_for_what_is_newer_than_its_first_row(anna):
    orders = place_many(3)
    content = anna.get("/dashboard/").content.decode()
    assert f"newest={cursor(orders[0]).replace(':', '%3A')}" in content
    assert all(f"id={order_id}" in content for order_id in ids(orders))


def test_it_says_how_many_orders_have_come_in_and_leads_to_the_first_page(anna):
    first = placed()
    for number in (1, 2):
        placed(at=NOW + timedelta(minutes=number))
        page = Page(look(anna, cursor(first)))
        assert (
            page.words
            == f"{number} new order{'s have' if number > 1 else ' has'} arrived. Show {'them' if number > 1 else 'it'}."
        )
        assert page.link("arrived") == "/dashboard/"


def test_it_says_nothing_while_nothing_has_come_in(anna):
    assert Page(look(anna, cursor(placed()))).words == ""


def test_it_counts_a_hundred_and_no_further(anna):
    *_, oldest = place_many(102)
    assert "100+ new orders have arrived." in Page(look(anna, cursor(oldest))).words
    assert "100 new orders have arrived." in Page(look(anna, cursor(place_many(102)[-2]))).words


def test_it_counts_only_what_fits_the_filters_and_keeps_them(anna):
    first = placed()
    placed(at=LATER, status=Status.CANCELLED)
    placed(at=LATER)
    page = Page(look(anna, cursor(first, status=Status.PENDING), status="PENDING"))
    assert "1 new order has" in page.words
    assert page.link("arrived") == "/dashboard/?status=PENDING"


def test_the_way_to_new_orders_is_the_first_page_also_from_a_page_that_was_reached_by_newer(anna):
    place_many(60)
    second = see(anna, see(anna, "/dashboard/").link("Older"))
    address = second.link("Newer")
    first = see(anna, address)
    assert not first.has_link("Newer")
    page = anna.get(address).content.decode()
    fragment = LIVE + page.partition(f'hx-get="{LIVE}')[2].partition('"')[0].replace("&amp;", "&")
    assert not Page(anna.get(fragment)).has_link("arrived")
    place(at=LATER)
    assert Page(anna.get(fragment)).link("arrived") == "/dashboard/"


def test_it_shows_the_rows_as_they_are_by_now(anna):
    order, gone = place_many(2)
    move(order.order_id, Status.PROCESSING)
    gone.delete()
    content = look(anna, "", ids([order, gone])).content.decode()
    assert f'id="status-{order.order_id}"' in content
    assert "PROCESSING" in content
    assert gone.order_id not in content


def test_a_row_is_found_by_its_id_in_capitals_too(anna):
    order = placed()
    content = look(anna, shown=[order.order_id.upper(), order.order_id]).content.decode()
    assert content.count(f'id="status-{order.order_id}"') == 1


def test_a_page_further_down_asks_for_its_rows_only(anna, traffic):
    orders = place_many(3)
    traffic.clear()
    assert Page(look(anna, "", ids(orders))).words.startswith("PENDING")
    assert traffic.operations == ["BatchGetItem"]


def test_it_looks_at_no_more_rows_than_a_page_has(anna, traffic):
    orders = place_many(40)
    traffic.clear()
    content = look(anna, "", ids(orders)).content.decode()
    assert content.count('id="status-') == 25
    assert traffic.units <= 12.5


@pytest.mark.parametrize("shown", [[""], ["x" * 3000], ["a/b"], ["\0"], ["💥"], ["one", "one"]])
def test_ids_of_nothing_are_passed_over(anna, shown):
    response = look(anna, "", shown)
    assert (response.status_code, Page(response).words) == (200, "")


def test_a_cursor_or_a_filter_that_is_not_valid_is_a_bad_request(anna):
    order = placed()
    assert look(anna, "garbage").status_code == 400
    assert look(anna, cursor(order), status="PENDING").status_code == 400
    assert look(anna, "", status="SHIPPED").status_code == 400

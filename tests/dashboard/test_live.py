"""The updates that the list requests every 20 seconds: the status of its rows, and the number of new orders."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from orders import listing
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import LATER, NOW, ids, move, place, place_many, placed
from tests.dashboard.html_page import Page, get_page

LIVE = "/dashboard/live/"


def poll(browser, newest="", shown=(), **filters):
    params = [("newest", newest), *(("id", order_id) for order_id in shown), *filters.items()]
    return browser.get(f"{LIVE}?{urlencode(params)}")


def cursor(order, **filters):
    return listing.newer_cursor(order, Filters(**filters))


def test_the_list_polls_for_orders_newer_than_its_first_row(anna):
    orders = place_many(3)
    content = anna.get("/dashboard/").content.decode()
    assert f"newest={cursor(orders[0]).replace(':', '%3A')}" in content
    assert all(f"id={order_id}" in content for order_id in ids(orders))


def test_the_number_of_new_orders_links_to_the_first_page(anna):
    first = placed()
    for number in (1, 2):
        placed(at=NOW + timedelta(minutes=number))
        page = Page(poll(anna, cursor(first)))
        assert (
            page.text
            == f"{number} new order{'s have' if number > 1 else ' has'} arrived. Show {'them' if number > 1 else 'it'}."
        )
        assert page.link("arrived") == "/dashboard/"


def test_nothing_is_shown_without_new_orders(anna):
    assert Page(poll(anna, cursor(placed()))).text == ""


def test_new_orders_are_counted_up_to_a_hundred(anna):
    *_, oldest = place_many(102)
    assert "100+ new orders have arrived." in Page(poll(anna, cursor(oldest))).text
    assert "100 new orders have arrived." in Page(poll(anna, cursor(place_many(102)[-2]))).text


def test_only_new_orders_that_match_the_filters_are_counted(anna):
    first = placed()
    placed(at=LATER, status=Status.CANCELLED)
    placed(at=LATER)
    page = Page(poll(anna, cursor(first, status=Status.PENDING), status="PENDING"))
    assert "1 new order has" in page.text
    assert page.link("arrived") == "/dashboard/?status=PENDING"


def test_new_orders_link_to_the_first_page_also_after_paging_back(anna):
    place_many(60)
    second = get_page(anna, get_page(anna, "/dashboard/").link("Older"))
    url = second.link("Newer")
    first = get_page(anna, url)
    assert not first.has_link("Newer")
    page = anna.get(url).content.decode()
    fragment = LIVE + page.partition(f'hx-get="{LIVE}')[2].partition('"')[0].replace("&amp;", "&")
    assert not Page(anna.get(fragment)).has_link("arrived")
    place(at=LATER)
    assert Page(anna.get(fragment)).link("arrived") == "/dashboard/"


def test_the_rows_are_updated(anna):
    order, gone = place_many(2)
    move(order.order_id, Status.PROCESSING)
    gone.delete()
    content = poll(anna, "", ids([order, gone])).content.decode()
    assert f'id="status-{order.order_id}"' in content
    assert "PROCESSING" in content
    assert gone.order_id not in content


def test_a_row_with_an_upper_case_id_is_updated(anna):
    order = placed()
    content = poll(anna, shown=[order.order_id.upper(), order.order_id]).content.decode()
    assert content.count(f'id="status-{order.order_id}"') == 1


def test_a_later_page_updates_only_its_rows(anna, traffic):
    orders = place_many(3)
    traffic.clear()
    assert Page(poll(anna, "", ids(orders))).text.startswith("PENDING")
    assert traffic.operations == ["BatchGetItem"]


def test_no_more_rows_than_a_page_are_updated(anna, traffic):
    orders = place_many(40)
    traffic.clear()
    content = poll(anna, "", ids(orders)).content.decode()
    assert content.count('id="status-') == 25
    assert traffic.units <= 12.5


@pytest.mark.parametrize("shown", [[""], ["x" * 3000], ["a/b"], ["\0"], ["💥"], ["one", "one"]])
def test_unknown_ids_are_ignored(anna, shown):
    response = poll(anna, "", shown)
    assert (response.status_code, Page(response).text) == (200, "")


def test_an_invalid_cursor_or_filter_is_a_bad_request(anna):
    order = placed()
    assert poll(anna, "garbage").status_code == 400
    assert poll(anna, cursor(order), status="PENDING").status_code == 400
    assert poll(anna, "", status="SHIPPED").status_code == 400

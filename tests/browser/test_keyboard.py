"""Keyboard shortcuts, which are off while the user types."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import order_data


@pytest.fixture
def orders(site):
    return order_data.place_orders(3)


def test_slash_focuses_the_search_on_every_page(page, orders):
    for url in ("/dashboard/", "/dashboard/overview/", f"/dashboard/orders/{orders[0].order_id}/"):
        page.goto(url)
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Search by order id")).to_be_focused()


def test_g_o_opens_the_list_and_n_the_form_for_a_new_order(page):
    page.goto("/dashboard/overview/")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("/dashboard/$"))
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/orders/new/$"))


def test_j_and_k_move_between_rows_and_enter_opens_one(page, orders):
    page.goto("/dashboard/")
    for key in ("j", "j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator("tr.o-current")).to_contain_text("Item 2")
    page.keyboard.press("Enter")
    expect(page.locator("#order-id")).to_have_text(orders[1].order_id)


def test_the_question_mark_shows_the_shortcuts_and_escape_hides_them(page):
    page.goto("/dashboard/")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_).to_contain_text("Next row, previous row")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/dashboard/$"))
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()


def test_shortcuts_are_off_while_typing(page, orders):
    page.goto("/dashboard/")
    search = page.get_by_role("searchbox", name="Search by order id")
    search.press_sequentially("n/?jgo")
    expect(search).to_have_value("n/?jgo")
    expect(page).to_have_url(re.compile("/dashboard/$"))
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    expect(page.locator("tr.o-current")).to_have_count(0)


def test_shortcuts_of_the_browser_are_not_overridden(page):
    page.goto("/dashboard/")
    page.keyboard.press("Control+n")
    page.keyboard.press("Alt+n")
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_n_does_nothing_without_permission_to_place_orders(open_browser, viewer):
    page = open_browser(viewer)
    page.goto("/dashboard/")
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).not_to_contain_text("New order")
    expect(page).to_have_url(re.compile("/dashboard/$"))

"""The list, its filters, its pages, its updates, and the search."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from orders.lifecycle import Status
from tests.browser import order_data


def items(page):
    return page.locator("[data-row] [data-label=Item]").all_inner_texts()


def expect_items(page, texts):
    """Wait until these are the items, because a click returns before the next page has loaded."""
    expect(page.locator("[data-row] [data-label=Item]")).to_have_text(texts, use_inner_text=True)


def expect_chips(page, texts):
    expect(page.locator(".o-chips li:not(.o-clear) span")).to_have_text(texts, use_inner_text=True)


def test_a_row_shows_the_order(page):
    order_data.place_order("Teapot", ago=timedelta(hours=55), quantity=1200, name="Zoe Kim")
    page.goto("/dashboard/")
    row = page.locator("[data-row]")
    expect(row).to_contain_text("PENDING")
    expect(row).to_contain_text("Teapot")
    expect(row).to_contain_text("1,200")
    expect(row).to_contain_text("Zoe Kim")
    expect(row).to_contain_text("2 days ago")
    expect(row.locator(".o-soon")).to_contain_text("4 hours, 59 minutes left")


def test_a_click_anywhere_in_a_row_opens_the_order(page):
    order = order_data.place_order()
    page.goto("/dashboard/")
    page.get_by_text("Teapot").click()
    expect(page.locator("#order-id")).to_have_text(order.order_id)


def test_a_tab_shows_one_status_and_its_count(page):
    for number in range(3):
        order_data.place_order(f"Waiting {number}")
    order_data.change_status(order_data.place_order("Under way"), Status.PROCESSING)
    page.goto("/dashboard/")
    tabs = page.get_by_role("navigation", name="Status")
    expect(tabs.get_by_role("link", name=re.compile("pending", re.IGNORECASE))).to_contain_text("3")
    tabs.get_by_role("link", name=re.compile("processing", re.IGNORECASE)).click()
    expect(page).to_have_url(re.compile("status=PROCESSING"))
    expect_items(page, ["Under way"])
    expect(tabs.locator("[aria-current=page]")).to_contain_text("PROCESSING", ignore_case=True)


def test_filters_are_in_the_url_and_each_chip_removes_its_own(page):
    order_data.place_order("Old", ago=timedelta(days=40))
    order_data.place_order("Hers")
    order_data.place_order("His", email="his@example.com")
    page.goto("/dashboard/?status=PENDING")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Customer's e-mail", exact=True).fill("Zoe.Kim@example.com")
    page.get_by_label("Created from").fill("2020-01-01")
    page.get_by_role("button", name="Apply").click()
    expect_items(page, ["Hers", "Old"])
    expect_chips(page, ["Status: PENDING", "Customer: Zoe.Kim@example.com", "From 1 Jan 2020"])

    page.get_by_role("link", name="Remove the filter From").click()
    expect_chips(page, ["Status: PENDING", "Customer: Zoe.Kim@example.com"])
    page.get_by_role("link", name="Remove the filter Customer").click()
    expect_chips(page, ["Status: PENDING"])
    expect(page.locator("[data-row]")).to_have_count(3)
    assert sorted(items(page)) == ["Hers", "His", "Old"]
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_an_invalid_filter_shows_its_error_in_the_panel(page):
    order_data.place_order()
    page.goto("/dashboard/?customer_email=zoe")
    expect(page.get_by_text("Enter a valid email address.")).to_be_visible()
    expect(page.get_by_label("Customer's e-mail", exact=True)).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(0)


def test_paging_forward_and_back_and_returning_from_an_order(page):
    order_data.place_orders(60)
    page.goto("/dashboard/?status=PENDING")
    first = items(page)
    assert first == [f"Item {number}" for number in range(1, 26)]
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Item 26", exact=True)).to_be_visible()
    second, url = items(page), page.url

    page.get_by_text("Item 30", exact=True).click()
    page.get_by_role("link", name="Back to list").click()
    expect_items(page, second)
    assert page.url == url

    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Item 60", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.get_by_role("link", name="Newer").click()
    page.get_by_role("link", name="Newer").click()
    expect(page.get_by_text("Item 1", exact=True)).to_be_visible()
    expect_items(page, first)


def test_the_search_opens_an_order_and_lists_a_customers_orders(page):
    order = order_data.place_order()
    order_data.place_order("His", email="his@example.com")
    page.goto("/dashboard/")
    search = page.get_by_role("searchbox", name="Search by order id")
    search.fill(f"  {order.order_id.upper()} ")
    search.press("Enter")
    expect(page.locator("#order-id")).to_have_text(order.order_id)

    search.fill("his@example.com")
    search.press("Enter")
    expect(page).to_have_url(re.compile("customer_email=his%40example.com"))
    expect_items(page, ["His"])


def test_the_search_shows_what_can_be_searched_for(page):
    page.goto("/dashboard/")
    search = page.get_by_role("searchbox", name="Search by order id")
    search.fill("teapot <b>")
    search.press("Enter")
    expect(page.get_by_role("heading", name="“teapot <b>” is not an order id or an e-mail")).to_be_visible()
    expect(page.get_by_text("a customer's e-mail, such as")).to_be_visible()
    expect(search).to_have_value("teapot <b>")


def test_the_command_palette_finds_an_order_and_a_customer(page):
    order = order_data.place_order()
    page.goto("/dashboard/")
    for term, pattern in ((order.order_id, order.order_id), ("zoe.kim@example.com", "customer_email=zoe.kim")):
        # Unfold's scripts must have run before the keys do anything, and its palette takes the focus a moment later.
        page.wait_for_load_state("networkidle")
        page.keyboard.press("Control+k")
        box = page.get_by_placeholder("Type to search")
        expect(box).to_be_focused()
        box.press_sequentially(term)
        page.locator("#command-results-list a", has_text=term).wait_for()
        page.wait_for_load_state("networkidle")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(pattern))


def open_palette(page):
    # Unfold's scripts must have run before the keys do anything, and its palette takes the focus a moment later.
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    box = page.get_by_placeholder("Type to search")
    expect(box).to_be_focused()
    return box


@pytest.mark.parametrize("url", ["/dashboard/", "/admin/"])
def test_the_command_palette_shows_that_nothing_matches(page, url):
    page.goto(url)
    box = open_palette(page)
    no_match = page.get_by_text("No match. Type an order id or a customer's e-mail.")
    box.press_sequentially("teapot")
    expect(no_match).to_be_visible()
    box.press("Enter")
    expect(no_match).to_be_visible()
    box.fill("")
    box.press_sequentially("zoe.kim@example.com")
    expect(page.locator("#command-results-list a")).to_have_count(1)
    expect(no_match).to_have_count(0)
    box.press("Enter")
    expect(page).to_have_url(re.compile("customer_email=zoe.kim"))


def test_an_empty_list_and_a_list_without_matches_differ(page):
    page.goto("/dashboard/")
    page.get_by_role("link", name="Place the first order").click()
    expect(page.get_by_role("heading", name="New order", level=1).last).to_be_visible()
    page.goto("/dashboard/?status=EXPIRED")
    expect(page.get_by_role("heading", name="No matching orders")).to_be_visible()
    page.get_by_role("link", name="Clear all filters").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_the_list_updates_itself_without_moving_rows(page_with_clock):
    page, orders = page_with_clock, order_data.place_orders(25)
    page.goto("/dashboard/")
    row = page.locator("[data-row]").nth(20)
    row.get_by_role("checkbox").check()
    before, shown = row.bounding_box(), items(page)

    order_data.change_status(orders[20], Status.PROCESSING)
    order_data.place_order("Newcomer", ago=timedelta(0))
    order_data.place_order("Newcomer", ago=timedelta(0))
    # Advances the page's clock, so that its timer fires.
    page.clock.run_for(21_000)
    expect(page.get_by_text("2 new orders have arrived. Show them.")).to_be_visible()
    expect(row).to_contain_text("PROCESSING")
    expect(row.get_by_role("checkbox")).to_be_checked()
    assert (row.bounding_box(), items(page)) == (before, shown)
    expect(page.get_by_text("1 selected")).to_be_visible()

    page.get_by_text("2 new orders have arrived.").click()
    expect(page.get_by_text("Newcomer").first).to_be_visible()


def test_updates_of_a_filtered_list_count_only_matching_orders(page_with_clock):
    page = page_with_clock
    order_data.place_order()
    page.goto("/dashboard/?customer_email=zoe.kim@example.com")
    order_data.place_order("His", email="his@example.com", ago=timedelta(0))
    order_data.place_order("Hers", ago=timedelta(0))
    page.clock.run_for(21_000)
    page.get_by_text("1 new order has arrived. Show it.").click()
    expect(page.get_by_text("Hers")).to_be_visible()
    expect_items(page, ["Hers", "Teapot"])

"""One action on many orders: selection, preview, and result."""

import re

from playwright.sync_api import expect

from orders.lifecycle import Status
from tests.browser import order_data


def check(page, *orders):
    for order in orders:
        page.get_by_role("checkbox", name=f"Select order {order.order_id[:8]}").check()


def sentence(page, order):
    return page.get_by_role("row", name=order.order_id[:8]).get_by_role("cell").last.inner_text()


def test_actions_appear_when_orders_are_selected(page):
    first, second = order_data.place_orders(2)
    page.goto("/dashboard/")
    expect(page.get_by_role("button", name="Cancel orders")).to_be_hidden()
    check(page, first)
    expect(page.get_by_text("1 selected")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Whole page")).to_have_js_property("indeterminate", value=True)
    check(page, second)
    expect(page.get_by_role("checkbox", name="Whole page")).to_be_checked()
    page.get_by_role("checkbox", name="Whole page").uncheck()
    expect(page.get_by_role("button", name="Cancel orders")).to_be_hidden()


def test_the_preview_shows_the_effect_on_each_order(page):
    pending, done, untouched = order_data.place_orders(3)
    done = order_data.change_status(order_data.change_status(done, Status.PROCESSING), Status.COMPLETED)
    page.goto("/dashboard/")
    check(page, pending, done)
    page.get_by_role("button", name="Cancel orders").click()
    expect(page.get_by_text("1 order will change, 1 will not. Nothing has been changed yet.")).to_be_visible()
    assert sentence(page, pending) == "will become CANCELLED"
    assert sentence(page, done) == "will not change, because it is COMPLETED"
    assert order_data.stored_order(pending).version == 1

    page.get_by_role("button", name="Cancel 1 order").click()
    assert sentence(page, pending) == "became CANCELLED"
    assert order_data.stored_order(untouched).status == "PENDING"
    page.get_by_role("link", name="Back to orders").click()
    expect(page.get_by_role("row", name=pending.order_id[:8])).to_contain_text("CANCELLED")


def test_an_order_that_changed_since_the_preview_is_reported(page):
    still, moved = order_data.place_orders(2)
    page.goto("/dashboard/?status=PENDING")
    page.get_by_role("checkbox", name="Whole page").check()
    page.get_by_role("button", name="Cancel orders").click()
    page.get_by_role("button", name="Cancel 2 orders").wait_for()
    order_data.change_status(moved, Status.PROCESSING)
    page.get_by_role("button", name="Cancel 2 orders").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("1 order was changed, 1 was not changed."))
    assert sentence(page, still) == "became CANCELLED"
    assert sentence(page, moved) == "was not changed: it has changed since the preview and is now PROCESSING"
    assert order_data.stored_order(moved).status == "PROCESSING"
    page.get_by_role("link", name="Back to orders").click()
    expect(page).to_have_url(re.compile(r"\?status=PENDING$"))


def test_whole_page_deletes_only_the_orders_of_the_page(page):
    order_data.place_orders(30)
    page.goto("/dashboard/")
    page.get_by_role("checkbox", name="Whole page").check()
    expect(page.get_by_text("25 selected")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 25 orders").dblclick()
    expect(page.get_by_role("heading", name="Result", level=1).last).to_be_visible()
    assert len(order_data.all_orders()) == 5

"""A new order by hand."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import given


def test_an_order_is_placed_and_the_notice_links_to_it(page):
    page.goto("/dashboard/")
    page.get_by_role("main").get_by_role("link", name="New order").click()
    page.get_by_label("Item").fill("Teapot, blue")
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Customer's e-mail (optional)").fill("zoe@example.com")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text(re.compile("Order .{8} is placed"))).to_be_visible()
    [order] = given.every_order()
    assert (order.item, order.quantity, order.customer_name) == ("Teapot, blue", 2, "anonymous")
    assert order.history[0].by == "staff:anna"
    page.get_by_role("link", name=order.order_id[:8]).first.click()
    expect(page.locator("#order-id")).to_have_text(order.order_id)


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(page):
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("   ")
    page.get_by_label("Quantity").fill("0")
    page.get_by_label("Customer's name").fill("Zoe")
    page.get_by_label("Customer's e-mail (optional)").fill("zoe")
    # The browser would stop this by itself; the server must as well.
    page.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    expect(page.get_by_text("Ensure this value is greater than or equal to 1.")).to_be_visible()
    expect(page.get_by_text("Enter a valid email address.")).to_be_visible()
    expect(page.get_by_label("Customer's name")).to_have_value("Zoe")
    expect(page.get_by_label("Item")).to_have_attribute("aria-invalid", "true")
    assert given.every_order() == []


@pytest.mark.parametrize("scripts", [True, False])
def test_two_clicks_place_one_order(open_browser, manager, scripts):
    page = open_browser(manager, java_script_enabled=scripts)
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("Teapot")
    page.get_by_role("button", name="Place the order").dblclick()
    expect(page.get_by_text("is placed").first).to_be_visible()
    assert len(given.every_order()) == 1

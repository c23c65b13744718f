"""The form for a new order."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import order_data


def test_placing_an_order_shows_a_message_that_links_to_it(page):
    page.goto("/dashboard/")
    page.get_by_role("main").get_by_role("link", name="New order").click()
    page.get_by_label("Item").fill("Teapot, blue")
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Customer's e-mail (optional)").fill("zoe@example.com")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text(re.compile("Order .{8} was placed"))).to_be_visible()
    [order] = order_data.all_orders()
    assert (order.item, order.quantity, order.customer_name) == ("Teapot, blue", 2, "anonymous")
    assert order.history[0].by == "staff:anna"
    page.get_by_role("link", name=order.order_id[:8]).first.click()
    expect(page.locator("#order-id")).to_have_text(order.order_id)


def test_the_first_field_has_the_focus(page):
    page.goto("/dashboard/orders/new/")
    expect(page.get_by_label("Item")).to_be_focused()
    page.keyboard.type("Teapot")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was placed")).to_be_visible()
    assert [order.item for order in order_data.all_orders()] == ["Teapot"]


def test_the_first_invalid_field_has_the_focus(page):
    page.goto("/dashboard/orders/new/")
    page.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    page.get_by_label("Item").fill("Teapot")
    page.get_by_label("Quantity").fill("0")
    page.get_by_label("Customer's e-mail (optional)").fill("zoe")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("Enter a valid email address.")).to_be_visible()
    expect(page.get_by_label("Quantity")).to_be_focused()


def test_errors_are_shown_beside_their_fields_and_the_input_is_kept(page):
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("   ")
    page.get_by_label("Quantity").fill("0")
    page.get_by_label("Customer's name").fill("Zoe")
    page.get_by_label("Customer's e-mail (optional)").fill("zoe")
    # The browser would refuse this itself. The server must refuse it too.
    page.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    expect(page.get_by_text("Ensure this value is greater than or equal to 1.")).to_be_visible()
    expect(page.get_by_text("Enter a valid email address.")).to_be_visible()
    expect(page.get_by_label("Customer's name")).to_have_value("Zoe")
    expect(page.get_by_label("Item")).to_have_attribute("aria-invalid", "true")
    assert order_data.all_orders() == []


@pytest.mark.parametrize("typed", ["1.000", "1,000", "+4", "2.0", "1e3", "٣"])
def test_the_browser_refuses_a_quantity_with_a_separator(page, typed):
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("Teapot")
    quantity = page.get_by_label("Quantity")
    quantity.fill("")
    quantity.press_sequentially(typed)
    page.get_by_role("button", name="Place order").click()
    assert quantity.evaluate("input => input.validity.patternMismatch")
    expect(quantity).to_have_value(typed)
    expect(quantity).to_have_attribute("title", "Write a whole number without separators, such as 1000.")
    page.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("Write a whole number without separators, such as 1000.")).to_be_visible()
    expect(quantity).to_have_value(typed)
    assert order_data.all_orders() == []


@pytest.mark.parametrize(
    ("locale", "texts"),
    [("en-US", ("Item", "Quantity", "Place order")), ("de-DE", ("Artikel", "Menge", "Bestellung anlegen"))],
)
def test_digits_are_accepted_in_every_browser_language(open_browser, manager, locale, texts):
    item, quantity, submit = texts
    page = open_browser(manager, locale=locale)
    page.goto("/dashboard/orders/new/")
    page.get_by_label(item).fill("Teapot")
    page.get_by_label(quantity).fill(" 1000 ")
    page.get_by_role("button", name=submit).click()
    expect(page.get_by_text(re.compile("Order .{8} was placed|Die Bestellung .{8} wurde angelegt"))).to_be_visible()
    assert [order.quantity for order in order_data.all_orders()] == [1000]


def test_an_international_address_typed_in_the_form_and_in_the_filter_is_one_customer(page):
    """Chromium sends the domain of an e-mail field in ASCII; the search box sends it as typed."""
    order_data.place_order("From the shop", email="Inf@Bücher.example")
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("By hand")
    page.get_by_label("Customer's e-mail (optional)").fill("inf@bücher.example")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("was placed").first).to_be_visible()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Customer's e-mail", exact=True).fill("inf@bücher.example")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    page.locator("#search").fill("INF@bücher.example")
    page.locator("#search").press("Enter")
    expect(page.locator("[data-row]")).to_have_count(2)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_double_click_places_one_order(open_browser, manager, scripts):
    page = open_browser(manager, java_script_enabled=scripts)
    page.goto("/dashboard/orders/new/")
    page.get_by_label("Item").fill("Teapot")
    page.get_by_role("button", name="Place order").dblclick()
    expect(page.get_by_text("was placed").first).to_be_visible()
    assert len(order_data.all_orders()) == 1

"""Pages in a German browser: the texts that scripts show, and texts that must fit a narrow screen."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import order_data

TEXT_WIDTH = """input => {
  const context = document.createElement("canvas").getContext("2d");
  context.font = getComputedStyle(input).font;
  return context.measureText(input.placeholder).width;
}"""
SPACE = """input => {
  const style = getComputedStyle(input);
  return input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}"""


@pytest.fixture
def german(open_browser, manager):
    return open_browser(manager, locale="de-DE")


def test_the_count_of_selected_orders_is_in_german(german):
    order_data.place_orders(2)
    german.goto("/dashboard/")
    german.get_by_role("checkbox", name="Ganze Seite").check()
    expect(german.get_by_text("2 ausgewählt")).to_be_visible()


def test_the_command_palette_reports_in_german_that_nothing_matches(german):
    german.goto("/dashboard/")
    german.keyboard.press("Control+k")
    box = german.locator("#search-input-command")
    box.fill("teapot")
    box.press("End")
    expect(german.get_by_text("Keine Treffer. Geben Sie eine Bestellnummer")).to_be_visible()


def test_the_menu_has_a_german_name(german):
    german.goto("/dashboard/")
    expect(german.get_by_role("button", name="Menü").first).to_be_visible()
    expect(german.get_by_role("button", name="Menu", exact=True)).to_have_count(0)


def test_an_invalid_api_key_is_refused_in_german(open_browser):
    page = open_browser(locale="de-DE")
    page.goto("/docs")
    page.get_by_label("API-Schlüssel").fill("ключ")
    page.get_by_role("button", name="Dokumentation anzeigen").click()
    expect(page.get_by_role("alert")).to_contain_text("Das ist kein API-Schlüssel.")


def test_an_invalid_email_is_refused_with_the_formal_address(german):
    german.goto("/dashboard/orders/new/")
    german.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    german.locator("#id_customer_email").fill("zoe@")
    german.get_by_role("button", name="Bestellung anlegen").click()
    expect(german.get_by_text("Geben Sie eine gültige E-Mail-Adresse ein.")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_the_search_shows_its_whole_placeholder_on_a_phone(open_browser, manager, locale):
    order = order_data.place_order(ago=timedelta(hours=1))
    page = open_browser(manager, locale=locale, viewport={"width": 390, "height": 800})
    for url in ("/dashboard/", "/dashboard/overview/", f"/dashboard/orders/{order.order_id}/"):
        page.goto(url)
        page.evaluate("document.fonts.ready")
        search = page.locator("#search")
        assert search.evaluate(TEXT_WIDTH) <= search.evaluate(SPACE), url

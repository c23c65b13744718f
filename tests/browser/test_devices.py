"""A phone, the dark, another time zone, and a browser without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from orders.lifecycle import Status
from tests.browser import given
from tests.browser.conftest import PASSWORD

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def every_page(order):
    at = f"/dashboard/orders/{order.order_id}/"
    yield from ("/dashboard/", "/dashboard/?status=EXPIRED", "/dashboard/?customer_email=x")
    yield from ("/dashboard/overview/?count=1", "/dashboard/orders/new/", "/dashboard/search/?q=teapot", "/nowhere", at)
    yield from (f"{at}delete/?version=1", f"{at}status/?to=CANCELLED&version=7")


@pytest.mark.parametrize("scripts", [True, False])
def test_no_page_is_wider_than_a_phone(open_browser, manager, scripts):
    long = given.placed("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 3, email=f"{'a' * 60}@example.com")
    given.placed_many(26)
    page = open_browser(manager, java_script_enabled=scripts, **PHONE)
    for address in every_page(long):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == 360, address


def test_a_phone_acts_on_several_orders(open_browser, manager):
    order = given.placed()
    page = open_browser(manager, **PHONE)
    page.goto("/dashboard/")
    page.get_by_role("checkbox", name="Select order").tap()
    page.get_by_role("button", name="Process").tap()
    page.get_by_role("button", name="Start processing 1 order").tap()
    expect(page.get_by_text("became PROCESSING")).to_be_visible()
    assert given.now_is(order).status == "PROCESSING"


def test_a_phone_opens_the_sidebar(open_browser, manager):
    page = open_browser(manager, **PHONE)
    page.goto("/dashboard/")
    expect(page.get_by_role("link", name="Overview")).to_be_hidden()
    page.get_by_role("button", name="Menu").first.tap()
    page.get_by_role("link", name="Overview").tap()
    expect(page).to_have_url(re.compile("/overview/$"))


def test_the_dark_is_dark_and_the_person_may_choose(open_browser, manager):
    page = open_browser(manager, color_scheme="dark")
    page.goto("/dashboard/")

    def brightness():
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return page.evaluate(
            """colour => {
                const canvas = new OffscreenCanvas(1, 1).getContext("2d");
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
            }""",
            colour,
        )

    assert brightness() < 60
    page.locator("nav [role=button]", has_text="anna@example.com").click()
    page.get_by_role("button", name="Light").click()
    page.goto("/dashboard/overview/")
    assert brightness() > 240


def test_times_are_the_persons_own_and_the_exact_instant_is_on_hover(open_browser, manager):
    order = given.placed(at=datetime(2026, 1, 31, 20, 45, 30, tzinfo=UTC))
    page = open_browser(timezone_id="Asia/Kolkata")
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_label("Username").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    placed = page.get_by_role("region", name="Order").get_by_title("2026-01-31 20:45:30 UTC").first
    expect(placed).to_have_text("Feb. 1, 2026, 2:15 a.m.")
    # And the days of a filter are the person's days.
    page.goto("/dashboard/?created_from=2026-02-01&created_to=2026-02-01")
    expect(page.locator("[data-row]")).to_have_count(1)
    expires = (order.created_at + timedelta(hours=60)).strftime("%Y-%m-%d %H:%M:%S UTC")
    expect(page.locator(".o-left")).to_have_attribute("title", expires)


# --- Without JavaScript -----------------------------------------------------------------------------------------------


@pytest.fixture
def plain(open_browser, manager):
    return open_browser(manager, java_script_enabled=False)


def test_without_scripts_one_signs_in_and_out(open_browser, manager):
    page = open_browser(java_script_enabled=False)
    page.goto("/dashboard/overview/")
    page.get_by_label("Username").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/overview/$"))
    page.get_by_role("link", name="Show the figures").click()
    expect(page.get_by_role("link", name="Placed today")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.goto("/dashboard/overview/")
    expect(page).to_have_url(re.compile("/admin/login/"))


def test_without_scripts_one_filters_pages_and_searches(plain):
    given.placed_many(30)
    given.placed("His", email="his@example.com", ago=timedelta(hours=9))
    plain.goto("/dashboard/")
    plain.get_by_role("link", name="Older").click()
    expect(plain.get_by_text("Item 30", exact=True)).to_be_visible()
    plain.locator("summary", has_text="Filter").click()
    plain.get_by_label("Customer's e-mail", exact=True).fill("his@example.com")
    plain.get_by_role("button", name="Apply").click()
    expect(plain.locator("[data-row]")).to_have_count(1)
    plain.get_by_role("searchbox", name="Search by order id").fill("zoe.kim@example.com")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("[data-row]")).to_have_count(25)


def test_without_scripts_one_acts_and_cancels(plain):
    order = given.placed()
    plain.goto("/dashboard/")
    plain.get_by_role("link", name=order.order_id[:8]).click()
    plain.get_by_role("button", name="Start processing").click()
    expect(plain.get_by_text("The order is PROCESSING now.")).to_be_visible()
    plain.get_by_role("link", name="Cancel order").click()
    plain.get_by_role("button", name="Cancel order").click()
    assert given.now_is(order).status == "CANCELLED"


def test_without_scripts_one_acts_on_a_whole_page(plain):
    orders = given.placed_many(3)
    given.moved(orders[0], Status.CANCELLED)
    plain.goto("/dashboard/")
    plain.get_by_role("checkbox", name="Whole page").check()
    plain.get_by_role("button", name="Process").click()
    plain.get_by_role("button", name="Start processing 2 orders").click()
    expect(plain.get_by_text("2 orders were changed.")).to_be_visible()


def test_without_scripts_one_places_an_order(plain):
    plain.goto("/dashboard/")
    plain.get_by_role("main").get_by_role("link", name="New order").click()
    plain.get_by_label("Item").fill("Teapot")
    plain.get_by_role("button", name="Place the order").click()
    expect(plain.get_by_text("is placed")).to_be_visible()
    assert [order.item for order in given.every_order()] == ["Teapot"]


def test_without_scripts_a_phone_still_has_its_navigation(open_browser, manager):
    page = open_browser(manager, java_script_enabled=False, **PHONE)
    page.goto("/dashboard/")
    page.get_by_role("link", name="Overview").tap()
    expect(page).to_have_url(re.compile("/overview/$"))

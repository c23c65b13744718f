"""Phones, the dark theme, other time zones, and browsers without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from accounts.models import ApiKey
from orders.lifecycle import Status
from tests.browser import order_data
from tests.browser.conftest import PASSWORD

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


DARK, WHITE = 130, 255
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"


def every_page(order):
    at = f"/dashboard/orders/{order.order_id}/"
    yield from ("/dashboard/", "/dashboard/?status=EXPIRED", "/dashboard/?customer_email=x")
    yield from ("/dashboard/overview/?count=1", "/dashboard/orders/new/", "/nowhere", at)
    yield from (f"/dashboard/search/?q={LONG_WORD}", f"{at}delete/?version=1", f"{at}status/?to=CANCELLED&version=1")
    yield f"{at}status/?to=CANCELLED&version=7"
    yield f"/dashboard/?customer_email={'a' * 60}@{'b' * 60}.example"


def every_admin_page(user):
    key, _ = ApiKey.objects.create_key(name="a-shop-with-a-long-name-that-has-no-place-to-break")
    group = Group.objects.get(name="Order managers")
    for path in (f"accounts/apikey/{key.pk}", f"accounts/user/{user.pk}", f"auth/group/{group.pk}"):
        model, _, pk = path.rpartition("/")
        yield from (f"/admin/{model}/", f"/admin/{model}/add/", f"/admin/{model}/{pk}/change/")
        yield from (f"/admin/{model}/{pk}/delete/", f"/admin/{model}/{pk}/history/")
    yield from ("/admin/", "/admin/password_change/", "/admin/axes/accessattempt/")


def is_wider_than(page, width):
    return page.evaluate("document.documentElement.scrollWidth") > width


def widths_exceeded(page):
    """The widths, of a phone and of a desktop, in which the open page does not fit."""
    return [width for width in each_width(page, 1280, 320) if is_wider_than(page, width)]


def each_width(page, *widths):
    """Give the open page each of these widths in turn."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 740})
        page.wait_for_function(f"matchMedia('(width: {width}px)').matches")
        yield width


def long_order():
    return order_data.place_order(LONG_WORD * 3, name=LONG_WORD * 2, email=f"{'a' * 60}@example.com", ago=timedelta(0))


@pytest.mark.parametrize("scripts", [True, False])
def test_no_page_is_wider_than_a_phone(open_browser, manager, scripts):
    long = long_order()
    order_data.place_orders(26)
    page = open_browser(manager, java_script_enabled=scripts, **PHONE)
    for url in every_page(long):
        # Until its font has loaded, an icon is as wide as its name.
        page.goto(url, wait_until="networkidle")
        for width in each_width(page, 320, 360):
            width_now = page.evaluate("document.documentElement.scrollWidth")
            assert width_now == width, url
            button = page.get_by_role("search").get_by_role("button").bounding_box()
            assert button["x"] + button["width"] <= width, url
            if scripts:
                assert outside_of_its_card(page) == [], url


def outside_of_its_card(page):
    """Texts that are wider than the card that they are in."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".o-card :is(dd, td, p, span, strong, label, h2), .o-empty *")]
            .filter((part) => !part.closest(".o-hidden, .o-chart"))
            .filter((part) => part.checkVisibility())
            .filter((part) => {
                const card = part.closest(".o-card, .o-empty").getBoundingClientRect();
                return part.getBoundingClientRect().right > card.right + 1;
            })
            .map((part) => part.outerHTML.slice(0, 120))"""
    )


def test_no_page_of_a_bulk_action_and_no_error_page_is_wider_than_the_screen(open_browser, manager):
    long_order()
    page = open_browser(manager)
    page.goto("/dashboard/")
    page.get_by_role("checkbox", name="Whole page").check()
    assert widths_exceeded(page) == []
    page.get_by_role("button", name="Cancel orders").click()
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    assert widths_exceeded(page) == []
    page.get_by_role("button", name="Cancel 1 order").click()
    expect(page.get_by_text("1 order was changed")).to_be_visible()
    assert widths_exceeded(page) == []
    with order_data.dynamodb_outage():
        page.goto("/dashboard/")
    assert widths_exceeded(page) == []


@pytest.mark.parametrize("url", ["/orders?page=2", f"/orders/{LONG_WORD * 2}", f"/orders?{LONG_WORD * 2}=1"])
def test_no_error_page_of_the_api_is_wider_than_a_phone(open_browser, manager, url):
    page = open_browser(manager, viewport={"width": 320, "height": 740})
    page.goto(url)
    expect(page.get_by_role("link", name="Go to orders")).to_be_visible()
    assert not is_wider_than(page, 320)
    assert outside_of_its_card(page) == []


def test_no_admin_page_is_wider_than_the_screen(open_browser, administrator):
    page = open_browser(administrator)
    for url in every_admin_page(administrator):
        page.goto(url)
        assert widths_exceeded(page) == [], url
    page.context.clear_cookies()
    page.goto("/admin/login/")
    assert widths_exceeded(page) == []


def test_long_texts_take_two_lines_and_keep_every_column_on_the_page(page):
    widths = (768, 1023, 1024, 1280)
    words = ("An oak table with many words about each of its features " * 4)[:200]
    order_data.place_order(words, quantity=1_000_000, name=words, ago=timedelta(hours=48, minutes=1))
    order_data.change_status(long_order(), Status.PROCESSING)
    page.goto("/dashboard/")
    scroll = page.get_by_role("region", name="Orders")
    text = page.get_by_role("row", name="1,000,000").get_by_title(words).first
    line = text.evaluate("text => parseFloat(getComputedStyle(text).lineHeight)")
    for width in each_width(page, *widths):
        assert scroll.evaluate("region => region.scrollWidth <= region.clientWidth"), width
        assert text.bounding_box()["height"] == pytest.approx(2 * line, abs=1), width
    page.get_by_role("checkbox", name="Whole page").check()
    page.get_by_role("button", name="Cancel orders").click()
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    for width in each_width(page, *widths):
        assert page.get_by_title(words).first.bounding_box()["height"] == pytest.approx(2 * line, abs=1), width
    page.get_by_role("link", name=page.locator("td .o-id").first.inner_text()).click()
    expect(page.get_by_role("region", name="Order", exact=True)).to_be_visible()


def test_a_bulk_action_on_a_phone(open_browser, manager):
    order = order_data.place_order()
    page = open_browser(manager, **PHONE)
    page.goto("/dashboard/")
    page.get_by_role("checkbox", name="Select order").tap()
    page.get_by_role("button", name="Process").tap()
    page.get_by_role("button", name="Start processing 1 order").tap()
    expect(page.get_by_text("became PROCESSING")).to_be_visible()
    assert order_data.stored_order(order).status == "PROCESSING"


def test_the_sidebar_on_a_phone(open_browser, manager):
    page = open_browser(manager, **PHONE)
    page.goto("/dashboard/")
    expect(page.get_by_role("link", name="Overview")).to_be_hidden()
    page.get_by_role("button", name="Menu").first.tap()
    page.get_by_role("link", name="Overview").tap()
    expect(page).to_have_url(re.compile("/overview/$"))


def test_the_theme_follows_the_system_and_can_be_chosen(open_browser, manager):
    page = open_browser(manager, color_scheme="dark")
    page.goto("/dashboard/")

    def background():
        return brightness(page, page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert background() < 60
    page.locator("nav [role=button]", has_text="anna@example.com").click()
    page.get_by_role("button", name="Light").click()
    page.goto("/dashboard/overview/")
    assert background() > 240


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_shows_the_content_in_black_without_controls(open_browser, administrator, scheme):
    words = ("An oak table with many words about each of its features " * 4)[:200]
    order = order_data.place_order(words)
    ApiKey.objects.create_key(name="shop")
    page = open_browser(administrator, color_scheme=scheme)
    page.emulate_media(media="print")
    detail = f"/dashboard/orders/{order.order_id}/"
    content = {
        "/dashboard/": words,
        detail: order.order_id,
        f"{detail}delete/?version=1": order.order_id,
        "/dashboard/overview/?count=1": "Orders placed per day",
        "/admin/accounts/apikey/": "Active",
    }
    for url, text in content.items():
        page.goto(url)
        shown = page.get_by_text(text).filter(visible=True).first
        expect(shown).to_be_visible()
        for role in ("button", "searchbox", "checkbox", "search"):
            expect(page.get_by_role(role).filter(visible=True)).to_have_count(0)
        expect(page.locator("#nav-sidebar, .o-button, .o-search").filter(visible=True)).to_have_count(0)
        assert brightness(page, shown.evaluate("part => getComputedStyle(part).color")) <= DARK, url
        assert brightness(page, page.evaluate("getComputedStyle(document.body).backgroundColor")) == WHITE, url
    page.goto("/dashboard/")
    row = page.locator("[data-row] .o-lines").first
    assert row.evaluate("text => text.scrollHeight <= text.clientHeight"), "the text is cut"


def brightness(page, colour):
    return page.evaluate(
        """colour => {
            const canvas = new OffscreenCanvas(1, 1).getContext("2d");
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
        }""",
        colour,
    )


def test_times_are_in_the_users_time_zone_with_utc_on_hover(open_browser, manager):
    order = order_data.place_order(at=datetime(2026, 1, 31, 20, 45, 30, tzinfo=UTC))
    page = open_browser(timezone_id="Asia/Kolkata")
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_label("Username").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    placed = page.get_by_role("region", name="Order").get_by_title("2026-01-31 20:45:30 UTC").first
    expect(placed).to_have_text("1 Feb 2026, 02:15 IST")
    # The days of a filter are in the same time zone.
    page.goto("/dashboard/?created_from=2026-02-01&created_to=2026-02-01")
    expect(page.locator("[data-row]")).to_have_count(1)
    expires = (order.created_at + timedelta(hours=60)).strftime("%Y-%m-%d %H:%M:%S UTC")
    expect(page.locator(".o-left")).to_have_attribute("title", expires)


# --- Without JavaScript -----------------------------------------------------------------------------------------------


@pytest.fixture
def plain(open_browser, manager):
    return open_browser(manager, java_script_enabled=False)


def test_signing_in_and_out_without_scripts(open_browser, manager):
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


def test_filters_pages_and_search_without_scripts(plain):
    order_data.place_orders(30)
    order_data.place_order("His", email="his@example.com", ago=timedelta(hours=9))
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


def test_actions_and_confirmations_without_scripts(plain):
    order = order_data.place_order()
    plain.goto("/dashboard/")
    plain.get_by_role("link", name=order.order_id[:8]).click()
    plain.get_by_role("button", name="Start processing").click()
    expect(plain.get_by_text("The order is now PROCESSING.")).to_be_visible()
    plain.get_by_role("link", name="Cancel order").click()
    plain.get_by_role("button", name="Cancel order").click()
    assert order_data.stored_order(order).status == "CANCELLED"


def test_a_bulk_action_on_a_whole_page_without_scripts(plain):
    orders = order_data.place_orders(3)
    order_data.change_status(orders[0], Status.CANCELLED)
    plain.goto("/dashboard/")
    plain.get_by_role("checkbox", name="Whole page").check()
    plain.get_by_role("button", name="Process").click()
    plain.get_by_role("button", name="Start processing 2 orders").click()
    expect(plain.get_by_text("2 orders were changed.")).to_be_visible()


def test_placing_an_order_without_scripts(plain):
    plain.goto("/dashboard/")
    plain.get_by_role("main").get_by_role("link", name="New order").click()
    plain.get_by_label("Item").fill("Teapot")
    plain.get_by_role("button", name="Place order").click()
    expect(plain.get_by_text("was placed")).to_be_visible()
    assert [order.item for order in order_data.all_orders()] == ["Teapot"]


def test_the_navigation_on_a_phone_without_scripts(open_browser, manager):
    page = open_browser(manager, java_script_enabled=False, **PHONE)
    page.goto("/dashboard/")
    page.get_by_role("link", name="Overview").tap()
    expect(page).to_have_url(re.compile("/overview/$"))

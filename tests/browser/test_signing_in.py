"""Signing in and out, the sidebar, and the lockout after wrong passwords."""

import re

from playwright.sync_api import expect

from tests.browser import order_data
from tests.browser.conftest import PASSWORD


def sign_in(page, username, password=PASSWORD):
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_signing_in_returns_to_the_requested_page(open_browser, manager):
    page = open_browser()
    page.goto("/dashboard/?status=PENDING")
    expect(page).to_have_url(re.compile("/admin/login/"))
    sign_in(page, "anna")
    expect(page).to_have_url(re.compile(r"/dashboard/\?status=PENDING$"))
    expect(page.get_by_role("heading", name="No matching orders")).to_be_visible()


def test_the_root_redirects_to_the_orders(page):
    page.goto("/")
    expect(page).to_have_url(re.compile("/dashboard/$"))
    expect(page.get_by_role("heading", name="No orders yet")).to_be_visible()


def test_signing_out_with_the_keyboard(page):
    page.goto("/dashboard/")
    menu = page.locator("nav [role=button]", has_text="anna@example.com")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").click()
    page.goto("/dashboard/")
    expect(page).to_have_url(re.compile("/admin/login/"))


def test_the_sidebar_shows_only_permitted_pages(open_browser, viewer, manager, administrator):
    shown = {}
    for user in (viewer, manager, administrator):
        page = open_browser(user)
        page.goto("/dashboard/")
        shown[user] = page.locator("#nav-sidebar-apps li a span:last-child").all_inner_texts()
    assert shown[viewer] == ["All orders", "Overview", "API documentation"]
    assert shown[manager] == ["All orders", "Overview", "New order", "API documentation"]
    assert shown[administrator][4:] == ["Users", "Groups", "API keys", "Login failures"]


def test_a_wrong_password_shows_an_error_and_the_fifth_locks_the_name(open_browser, manager, administrator):
    page = open_browser()
    page.goto("/admin/login/")
    for _ in range(4):
        sign_in(page, "anna", "wrong")
        expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
    sign_in(page, "anna", "wrong")
    expect(page.get_by_role("heading", name="Too many wrong passwords")).to_be_visible()
    page.get_by_role("link", name="Back to the login").click()
    sign_in(page, "anna")
    expect(page.get_by_role("heading", name="Too many wrong passwords")).to_be_visible()

    # An administrator sees the failures and unlocks the address.
    office = open_browser(administrator)
    office.goto("/admin/axes/accessattempt/")
    expect(office.get_by_role("cell", name="anna").or_(office.locator("td", has_text="anna")).first).to_be_visible()


def test_signing_in_after_the_session_ended_returns_to_the_list(page, manager):
    order = order_data.place_order()
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Start processing").click()
    sign_in(page, "anna")
    expect(page.get_by_role("heading", name="Orders", level=1).last).to_be_visible()
    assert order_data.stored_order(order).version == 1

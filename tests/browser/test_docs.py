"""/docs: the interactive documentation of the API."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Access, ApiKey, User
from tests.browser import order_data

PHONE = {"viewport": {"width": 320, "height": 700}}


@pytest.fixture
def key(site):
    return ApiKey.objects.create_key(name="shop", access=Access.READ_WRITE)[1]


@pytest.fixture
def visitor(open_browser):
    return open_browser()


def enter(page, key):
    page.goto("/docs")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Show the documentation").click()


def operation(page, operation_id):
    return page.locator(f"#operations-Orders-{operation_id}")


def execute(page, operation_id):
    """Send the request as the page has filled it in, and return the status that the page shows."""
    box = operation(page, operation_id)
    box.locator(".opblock-summary-control").click()
    box.get_by_role("button", name="Try it out").click()
    box.get_by_role("button", name="Execute").click()
    status = box.locator(".live-responses-table .response-col_status")
    expect(status.last).to_contain_text(re.compile("[0-9]{3}"))
    return status.last.inner_text().split()[0]


def test_an_anonymous_user_enters_a_key_and_reads_and_places_orders(visitor, key):
    order = order_data.place_order("Walnut desk")
    enter(visitor, key)
    expect(visitor.get_by_text("Place orders, read them")).to_be_visible()
    assert execute(visitor, "list_orders") == "200"
    expect(operation(visitor, "list_orders")).to_contain_text(order.order_id)
    assert execute(visitor, "place_order") == "201"
    assert {each.history[0].by for each in order_data.all_orders()} == {"api-key:shop"}
    assert len(order_data.all_orders()) == 2


def test_the_authorize_dialog_accepts_a_key_with_and_without_its_scheme(page, key):
    """Staff who are signed in and use an API key."""
    page.goto("/docs")
    for typed in (key, f"Api-Key {key}"):
        page.get_by_role("button", name="Authorize").first.click()
        dialog = page.locator(".dialog-ux")
        dialog.locator("input").fill(typed)
        dialog.get_by_role("button", name="Apply credentials").click()
        dialog.get_by_role("button", name="Close").last.click()
        assert execute(page, "place_order") == "201"
        page.get_by_role("button", name="Authorize").first.click()
        dialog.get_by_role("button", name="Remove authorization").click()
        dialog.get_by_role("button", name="Close").last.click()
        page.reload()
    assert [order.history[0].by for order in order_data.all_orders()] == ["api-key:shop", "api-key:shop"]


def test_try_it_out_uses_the_staff_session(page):
    page.goto("/docs")
    expect(page.get_by_text("You are signed in as anna")).to_be_visible()
    assert execute(page, "list_orders") == "200"
    assert execute(page, "place_order") == "201"
    (order,) = order_data.all_orders()
    assert order.history[0].by == "staff:anna"


def test_a_key_is_accepted_with_its_scheme_and_with_blanks_around_it(visitor, key):
    enter(visitor, f"  Api-Key {key} ")
    expect(visitor.get_by_text("Place orders, read them")).to_be_visible()
    assert execute(visitor, "list_orders") == "200"


def test_a_key_with_other_than_ascii_characters_is_refused_with_a_message(visitor):
    enter(visitor, "Schlüssel 🔑")
    expect(visitor.get_by_role("alert")).to_have_text("This is not an API key. Copy all of it, as it was printed.")
    expect(visitor.get_by_label("API key")).to_have_value("Schlüssel 🔑")


def test_an_invalid_key_is_refused_with_the_reason(visitor, watch, site):
    enter(visitor, "not-a-key")
    expect(visitor.get_by_role("alert")).to_contain_text("This API key is not valid.")
    expect(visitor.get_by_label("API key")).to_have_value("not-a-key")
    expect(visitor.get_by_role("button", name="Show the documentation")).to_be_enabled()
    # The browser logs the refused request, as it should.
    watch.ignore("401")


def test_staff_without_permission_see_whom_to_ask(open_browser, site):
    page = open_browser(User.objects.create_user("new", is_staff=True))
    page.goto("/docs")
    expect(page.get_by_text("Ask an administrator to add you to the group “Order viewers”")).to_be_visible()


def test_the_sidebar_and_the_documentation_link_to_each_other(page):
    page.goto("/dashboard/")
    page.get_by_role("link", name="API documentation").click()
    expect(page).to_have_url(re.compile("/docs$"))
    page.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_examples_show_requests_responses_and_problems(page):
    page.goto("/docs")
    box = operation(page, "place_order")
    box.locator(".opblock-summary-control").click()
    expect(box.locator(".body-param__example")).to_contain_text("Walnut desk")
    expect(box.locator(".response[data-code='201']")).to_contain_text("4faf292e-b49b-41ba-93d0-2bbcaaee1d7f")
    expect(box.locator(".response[data-code='422']")).to_contain_text("idempotency_key_reused")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone_in_either_theme(open_browser, manager, scheme):
    page = open_browser(manager, color_scheme=scheme, **PHONE)
    page.goto("/docs")
    operation(page, "place_order").locator(".opblock-summary-control").click()
    expect(operation(page, "place_order").locator(".body-param__example")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("document.documentElement.classList.contains('dark-mode')") is (scheme == "dark")

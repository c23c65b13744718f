"""Permissions, and the pages for 403, 404 and outages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import order_data
from tests.browser.conftest import PASSWORD


@pytest.fixture
def visitor(open_browser, viewer):
    """The browser of a user who may only view orders."""
    return open_browser(viewer)


def test_a_viewer_sees_orders_without_any_actions(visitor):
    order = order_data.place_order()
    visitor.goto("/dashboard/")
    expect(visitor.locator("[data-row]")).to_have_count(1)
    expect(visitor.get_by_role("checkbox")).to_have_count(0)
    expect(visitor.get_by_role("link", name="New order")).to_have_count(0)
    visitor.goto(f"/dashboard/orders/{order.order_id}/")
    expect(visitor.locator(".o-head .o-actions").locator("a, button")).to_have_count(0)


@pytest.mark.parametrize(
    "url", ["orders/{}/status/", "orders/{}/delete/", "bulk/preview/", "bulk/apply/", "orders/new/"]
)
def test_a_forged_form_of_a_viewer_is_refused(visitor, url):
    order = order_data.place_order()
    visitor.goto("/dashboard/")
    form = {
        "csrfmiddlewaretoken": visitor.locator("#logout-form [name=csrfmiddlewaretoken]").input_value(),
        "to": "PROCESSING",
        "version": "1",
        "action": "delete",
        "id": order.order_id,
        "seen": f"{order.order_id}:1",
        "item": "Forged",
        "quantity": "1",
    }
    response = visitor.request.post(f"/dashboard/{url.format(order.order_id)}", form=form)
    assert response.status == 403
    assert "Order managers" in response.text()
    assert [(left.item, left.version) for left in order_data.all_orders()] == [("Teapot", 1)]


def test_the_access_denied_page_has_navigation_and_names_whom_to_ask(visitor):
    assert visitor.goto("/dashboard/orders/new/").status == 403
    expect(visitor.get_by_role("heading", name="Access denied")).to_be_visible()
    expect(visitor.get_by_text('Ask an administrator for the group "Order managers".')).to_be_visible()
    visitor.get_by_role("link", name="All orders").click()
    expect(visitor).to_have_url(re.compile("/dashboard/$"))


@pytest.mark.parametrize("url", ["/nowhere", "/dashboard/orders/0b9d4f2e-8a31-4c55-9a3e-2f6d1c7b8e90/"])
def test_the_404_page_has_navigation(page, url):
    assert page.goto(url).status == 404
    expect(page.get_by_role("heading", name="Not found", level=1).last).to_be_visible()
    page.get_by_role("link", name="Go to orders").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_an_anonymous_user_who_opens_an_api_url_signs_in_and_sees_the_json(open_browser, viewer):
    order = order_data.place_order()
    visitor = open_browser()
    assert visitor.goto(f"/orders/{order.order_id}").status == 401
    expect(visitor.get_by_role("heading", name="Unauthorized")).to_be_visible()
    visitor.get_by_role("link", name="Sign in").click()
    visitor.get_by_label("Username").fill("victor")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor).to_have_url(re.compile(f"/orders/{order.order_id}$"))
    expect(visitor.get_by_text(f'"order_id":"{order.order_id}"')).to_be_visible()
    assert visitor.goto("/orders?limit=0").status == 400
    expect(visitor.get_by_text("Ensure this value is greater than or equal to 1.")).to_be_visible()


def test_a_page_reloads_by_itself_after_an_outage(page):
    order_data.place_order()
    with order_data.dynamodb_outage():
        assert page.goto("/dashboard/?status=PENDING").status == 503
        expect(page.get_by_role("heading", name="Orders are temporarily unavailable", level=1).last).to_be_visible()
        expect(page.get_by_text("This page tries again every 5 seconds.")).to_be_visible()
    expect(page.get_by_text("Teapot")).to_be_visible()


def test_a_change_during_an_outage_is_not_repeated_by_itself(page):
    order = order_data.place_order()
    page.goto(f"/dashboard/orders/{order.order_id}/")
    with order_data.dynamodb_outage():
        page.get_by_role("button", name="Start processing").click()
        expect(page.get_by_text("Your change may or may not have been saved")).to_be_visible()
        expect(page.locator("[data-retry]")).to_have_count(0)
    assert order_data.stored_order(order).version == 1


def test_updates_of_the_list_continue_after_an_outage(page_with_clock, watch):
    page, order = page_with_clock, order_data.place_order()
    page.goto("/dashboard/")
    with order_data.dynamodb_outage():
        page.clock.run_for(21_000)
        page.wait_for_event("response", lambda response: "/live/" in response.url)
    expect(page.get_by_text("Teapot")).to_be_visible()
    order_data.change_status(order, "PROCESSING")
    page.clock.run_for(21_000)
    expect(page.locator("[data-row]")).to_contain_text("PROCESSING")
    # The browser logs the failed request, as it should.
    watch.ignore("503")

"""Who may do what, and the pages that say no: 403, 404, and a store that does not answer."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import given
from tests.browser.conftest import PASSWORD


@pytest.fixture
def visitor(open_browser, viewer):
    """The browser of somebody who may only look."""
    return open_browser(viewer)


def test_a_viewer_sees_the_orders_and_no_way_to_change_them(visitor):
    order = given.placed()
    visitor.goto("/dashboard/")
    expect(visitor.locator("[data-row]")).to_have_count(1)
    expect(visitor.get_by_role("checkbox")).to_have_count(0)
    expect(visitor.get_by_role("link", name="New order")).to_have_count(0)
    visitor.goto(f"/dashboard/orders/{order.order_id}/")
    expect(visitor.locator(".o-head .o-actions").locator("a, button")).to_have_count(0)


@pytest.mark.parametrize(
    "address", ["orders/{}/status/", "orders/{}/delete/", "bulk/preview/", "bulk/apply/", "orders/new/"]
)
def test_a_viewer_who_forges_a_form_is_refused(visitor, address):
    order = given.placed()
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
    response = visitor.request.post(f"/dashboard/{address.format(order.order_id)}", form=form)
    assert response.status == 403
    assert "Order managers" in response.text()
    assert [(left.item, left.version) for left in given.every_order()] == [("Teapot", 1)]


def test_a_refusal_says_whom_to_ask_inside_the_chrome(visitor):
    assert visitor.goto("/dashboard/orders/new/").status == 403
    expect(visitor.get_by_role("heading", name="Access denied")).to_be_visible()
    expect(visitor.get_by_text('Ask an administrator for the group "Order managers".')).to_be_visible()
    visitor.get_by_role("link", name="All orders").click()
    expect(visitor).to_have_url(re.compile("/dashboard/$"))


@pytest.mark.parametrize("address", ["/nowhere", "/dashboard/orders/0b9d4f2e-8a31-4c55-9a3e-2f6d1c7b8e90/"])
def test_what_is_not_there_is_said_inside_the_chrome(page, address):
    assert page.goto(address).status == 404
    expect(page.get_by_role("heading", name="Not found", level=1).last).to_be_visible()
    page.get_by_role("link", name="Go to orders").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_a_stranger_who_opens_an_api_address_signs_in_and_is_shown_the_json(open_browser, viewer):
    order = given.placed()
    stranger = open_browser()
    assert stranger.goto(f"/orders/{order.order_id}").status == 401
    expect(stranger.get_by_role("heading", name="Unauthorized")).to_be_visible()
    stranger.get_by_role("link", name="Sign in").click()
    stranger.get_by_label("Username").fill("victor")
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.get_by_role("button", name="Log in").click()
    expect(stranger).to_have_url(re.compile(f"/orders/{order.order_id}$"))
    expect(stranger.get_by_text(f'"order_id":"{order.order_id}"')).to_be_visible()
    assert stranger.goto("/orders?limit=0").status == 400
    expect(stranger.get_by_text("Ensure this value is greater than or equal to 1.")).to_be_visible()


def test_a_page_comes_by_itself_once_dynamodb_answers_again(page):
    given.placed()
    with given.silent_dynamodb():
        assert page.goto("/dashboard/?status=PENDING").status == 503
        expect(page.get_by_role("heading", name="Orders are temporarily unavailable", level=1).last).to_be_visible()
        expect(page.get_by_text("This page tries again every 5 seconds.")).to_be_visible()
    expect(page.get_by_text("Teapot")).to_be_visible()


def test_a_change_that_finds_no_dynamodb_is_not_repeated_behind_the_persons_back(page):
    order = given.placed()
    page.goto(f"/dashboard/orders/{order.order_id}/")
    with given.silent_dynamodb():
        page.get_by_role("button", name="Start processing").click()
        expect(page.get_by_text("Your change may or may not have been saved")).to_be_visible()
        expect(page.locator("[data-retry]")).to_have_count(0)
    assert given.now_is(order).version == 1


def test_the_refresh_of_the_list_survives_an_outage(page, watch):
    order = given.placed()
    page.clock.install()
    page.goto("/dashboard/")
    with given.silent_dynamodb():
        page.clock.run_for(21_000)
        page.wait_for_event("response", lambda response: "/live/" in response.url)
    expect(page.get_by_text("Teapot")).to_be_visible()
    given.moved(order, "PROCESSING")
    page.clock.run_for(21_000)
    expect(page.locator("[data-row]")).to_contain_text("PROCESSING")
    # That the question found no answer is in the browser's console, where it belongs.
    watch.forgive("503")

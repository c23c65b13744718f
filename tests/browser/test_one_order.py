"""The page of one order, its actions, and two users who change it at the same time."""

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.models import User
from orders.lifecycle import Status
from tests.browser import order_data


def test_the_page_shows_every_field_and_who_did_what(page):
    order = order_data.change_status(order_data.place_order("Teapot", quantity=3), Status.PROCESSING)
    page.goto(f"/dashboard/orders/{order.order_id}/")
    facts = page.get_by_role("region", name="Order")
    for text in (order.order_id, "Teapot", "3", "Zoe Kim", "zoe.kim@example.com", "Version"):
        expect(facts).to_contain_text(text)
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(2)
    expect(history.nth(0)).to_contain_text("shop (API key)")
    expect(history.nth(1)).to_contain_text("ben (staff)")
    expect(page.get_by_role("link", name="Complete order")).to_be_visible()
    expect(page.get_by_role("button", name="Start processing")).to_have_count(0)


def test_a_finished_order_offers_only_deletion(page):
    order = order_data.change_status(order_data.place_order(), Status.CANCELLED)
    page.goto(f"/dashboard/orders/{order.order_id}/")
    actions = page.locator(".o-head .o-actions")
    assert actions.get_by_role("link").all_inner_texts() == ["Delete"]
    expect(actions.get_by_role("button")).to_have_count(0)


def test_the_id_can_be_copied_and_the_raw_order_read(page, watch):
    order = order_data.place_order()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == order.order_id
    page.get_by_role("link", name="Raw JSON").click()
    page.wait_for_url("**/raw/")
    assert json.loads(page.locator("body").inner_text())["order_id"] == order.order_id
    # Chromium requests an icon for a document that names none.
    watch.ignore("/favicon.ico")


def test_an_order_is_processed_and_completed(page):
    order = order_data.place_order()
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_role("button", name="Start processing").click()
    expect(page.get_by_text("The order is now PROCESSING.")).to_be_visible()
    page.get_by_role("link", name="Complete order").click()
    page.get_by_role("button", name="Complete order").click()
    expect(page.get_by_text("The order is now COMPLETED.")).to_be_visible()
    assert [(entry.status, entry.by) for entry in order_data.stored_order(order).history[1:]] == [
        ("PROCESSING", "staff:anna"),
        ("COMPLETED", "staff:anna"),
    ]


def test_cancelling_needs_a_confirmation(page):
    order = order_data.place_order()
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_role("link", name="Cancel order").click()
    expect(page.get_by_role("heading", name="Cancel this order?")).to_be_visible()
    expect(page.get_by_text("1 × Teapot for Zoe Kim")).to_be_visible()
    expect(page.get_by_text(order.order_id)).to_be_visible()
    page.get_by_role("link", name="Back").click()
    assert order_data.stored_order(order).status == "PENDING"
    page.get_by_role("link", name="Cancel order").click()
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("The order is now CANCELLED.")).to_be_visible()


def test_deleting_needs_a_confirmation_and_returns_to_the_same_list(page):
    order = order_data.place_order()
    order_data.place_order("Other")
    page.goto("/dashboard/?status=PENDING")
    page.get_by_text("Teapot").click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    page.get_by_role("button", name="Delete order").click()
    expect(page.get_by_text(f"Order {order.order_id} was deleted.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/dashboard/\?status=PENDING$"))
    assert [left.item for left in order_data.all_orders()] == ["Other"]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_double_click_applies_the_action_once(open_browser, manager, scripts):
    order = order_data.place_order()
    page = open_browser(manager, java_script_enabled=scripts)
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_role("button", name="Start processing").dblclick()
    expect(page.locator("h1 .o-pill")).to_have_text("PROCESSING")
    assert [entry.status for entry in order_data.stored_order(order).history] == ["PENDING", "PROCESSING"]


@pytest.fixture
def two_people(open_browser, manager):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.groups.set(manager.groups.all())
    return open_browser(manager), open_browser(ben)


def test_the_second_of_two_users_can_apply_a_conflicting_change(two_people):
    anna, ben = two_people
    order = order_data.place_order()
    for page in two_people:
        page.goto(f"/dashboard/orders/{order.order_id}/")
    anna.get_by_role("link", name="Cancel order").click()
    ben.get_by_role("button", name="Start processing").click()
    expect(ben.get_by_text("The order is now PROCESSING.")).to_be_visible()

    anna.get_by_role("button", name="Cancel order").click()
    expect(anna.get_by_role("heading", name="The order has changed")).to_be_visible()
    expect(anna.get_by_role("region", name="Your change")).to_contain_text(
        re.compile("You saw.*PENDING.*CANCELLED", re.DOTALL)
    )
    expect(anna.get_by_role("region", name="Current order")).to_contain_text(re.compile("PROCESSING.*ben", re.DOTALL))
    assert order_data.stored_order(order).version == 2

    anna.get_by_role("button", name="Change to CANCELLED anyway").click()
    expect(anna.get_by_text("The order is now CANCELLED.")).to_be_visible()


def test_the_second_of_two_users_can_leave_the_order_unchanged(two_people):
    anna, ben = two_people
    order = order_data.place_order()
    for page in two_people:
        page.goto(f"/dashboard/orders/{order.order_id}/")
    ben.get_by_role("link", name="Cancel order").click()
    ben.get_by_role("button", name="Cancel order").click()
    expect(ben.get_by_text("The order is now CANCELLED.")).to_be_visible()

    anna.get_by_role("button", name="Start processing").click()
    expect(anna.get_by_text("An order that is CANCELLED cannot become PROCESSING.")).to_be_visible()
    expect(anna.get_by_role("button", name="anyway")).to_have_count(0)
    anna.get_by_role("link", name="Leave unchanged").click()
    expect(anna.locator("h1 .o-pill")).to_have_text("CANCELLED")


def test_an_order_about_to_expire_shows_a_warning(page):
    order = order_data.place_order(ago=timedelta(hours=57))
    page.goto(f"/dashboard/orders/{order.order_id}/")
    expect(page.locator(".o-sub .o-soon")).to_contain_text("2 hours, 59 minutes left")

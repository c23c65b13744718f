"""A selection belongs to an order and not to a row: after Back, a reload, another page, or a new order."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.models import ApiKey
from orders.lifecycle import Status
from tests.browser import order_data

NOW = timedelta(0)


def box(page, order):
    return page.get_by_role("checkbox", name=f"Select order {order.order_id[:8]}")


def selected_ids(page):
    """The ids of the selected orders, in the order of the list."""
    return page.locator("[name=id]:checked").evaluate_all("boxes => boxes.map(box => box.value)")


def previewed(page):
    """The items that the preview lists."""
    page.get_by_role("button", name="Cancel orders").click()
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    return page.locator("td[data-label=Item]").all_inner_texts()


def open_another(page, order):
    page.get_by_role("link", name=order.order_id[:8]).click()
    expect(page.locator("#order-id")).to_have_text(order.order_id)


@pytest.fixture
def orders(site):
    return order_data.place_orders(3)


@pytest.mark.parametrize("scripts", [True, False])
def test_after_back_no_other_order_is_selected(open_browser, manager, orders, scripts):
    page = open_browser(manager, java_script_enabled=scripts)
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    open_another(page, orders[2])
    order_data.place_order("Newcomer", ago=NOW)
    page.go_back()
    expect(page.get_by_text("Newcomer")).to_be_visible()
    # Without scripts, no selection is stored, and none is moved to another order.
    assert selected_ids(page) == ([orders[1].order_id] if scripts else [])


def test_after_back_the_label_and_the_preview_match_the_selection(page, orders):
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    open_another(page, orders[0])
    order_data.place_order("Newcomer", ago=NOW)
    page.go_back()
    expect(page.get_by_text("1 selected")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Whole page")).to_have_js_property("indeterminate", value=True)
    assert previewed(page) == ["Item 2"]


def test_after_a_reload_the_same_orders_are_selected(page, orders):
    page.goto("/dashboard/")
    box(page, orders[0]).check()
    box(page, orders[2]).check()
    box(page, orders[0]).uncheck()
    order_data.place_order("Newcomer", ago=NOW)
    page.reload()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert previewed(page) == ["Item 3"]


def test_whole_page_does_not_include_a_newer_order(page, orders):
    page.goto("/dashboard/")
    page.get_by_role("checkbox", name="Whole page").check()
    open_another(page, orders[2])
    order_data.place_order("Newcomer", ago=NOW)
    page.go_back()
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Whole page")).not_to_be_checked()
    assert sorted(previewed(page)) == ["Item 1", "Item 2", "Item 3"]


def test_a_page_cached_by_the_browser_shows_the_current_selection(page, orders):
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    # Like a browser that cached the page: it shows the checkboxes unchanged and fires this event.
    page.evaluate(
        """() => {
            document.querySelectorAll("[name=id]").forEach((box, position) => { box.checked = position === 2; });
            dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
        }"""
    )
    assert selected_ids(page) == [orders[1].order_id]
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_the_selection_is_kept_across_pages_and_an_action_applies_to_the_current_page(page):
    orders = order_data.place_orders(30)
    page.goto("/dashboard/")
    box(page, orders[3]).check()
    page.get_by_role("link", name="Older").click()
    box(page, orders[27]).check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(box(page, orders[3])).to_be_checked()
    assert previewed(page) == ["Item 4"]


def test_a_list_with_another_filter_has_its_own_selection(page, orders):
    page.goto("/dashboard/?status=PENDING")
    box(page, orders[1]).check()
    page.goto("/dashboard/")
    assert selected_ids(page) == []
    page.goto("/dashboard/?status=PENDING")
    assert selected_ids(page) == [orders[1].order_id]


def test_going_back_from_the_preview_keeps_the_selection(page, orders):
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    for leave in (page.go_back, page.get_by_role("link", name="Back", exact=True).click):
        assert previewed(page) == ["Item 2"]
        leave()
        expect(page.get_by_text("1 selected")).to_be_visible()
        assert selected_ids(page) == [orders[1].order_id]


def test_applying_an_action_clears_the_selection(page, orders):
    page.goto("/dashboard/")
    box(page, orders[0]).check()
    box(page, orders[1]).check()
    order_data.change_status(orders[1], Status.CANCELLED)
    assert previewed(page) == ["Item 1", "Item 2"]
    page.get_by_role("button", name="Cancel 1 order").click()
    expect(page.get_by_role("status")).to_contain_text("1 order was changed")
    page.get_by_role("link", name="Back to orders").click()
    expect(page.get_by_text("Select orders to act on several at once.")).to_be_visible()
    assert selected_ids(page) == []
    # This includes the earlier page of the list, which had a selection.
    page.evaluate("history.go(-3)")
    page.wait_for_function("performance.getEntriesByType('navigation')[0].type === 'back_forward'")
    expect(page.get_by_text("Select orders to act on several at once.")).to_be_visible()
    assert selected_ids(page) == []


def test_another_user_of_the_same_browser_starts_without_a_selection(open_browser, manager, administrator, orders):
    page = open_browser(manager)
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    page.goto("/admin/login/")
    page.context.clear_cookies()
    page.goto("/admin/login/?next=/dashboard/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Item 2")).to_be_visible()
    assert selected_ids(page) == []


def test_selecting_works_without_browser_storage(open_browser, manager, orders):
    page = open_browser(manager, reuse=False)
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    page.goto("/dashboard/")
    box(page, orders[1]).check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert previewed(page) == ["Item 2"]


@pytest.mark.parametrize("scripts", [True, False])
def test_after_back_no_other_row_of_an_admin_list_is_selected(open_browser, administrator, scripts):
    for name in ("first", "second"):
        ApiKey.objects.create_key(name=name)
    page = open_browser(administrator, java_script_enabled=scripts)
    page.goto("/admin/accounts/apikey/")
    page.get_by_role("row", name="first").get_by_role("checkbox").check()
    page.get_by_role("link", name="second").click()
    expect(page).to_have_url(re.compile("/change/$"))
    ApiKey.objects.create_key(name="third")
    page.go_back()
    expect(page.get_by_role("link", name="third")).to_be_visible()
    expect(page.locator(".action-select:checked")).to_have_count(0)

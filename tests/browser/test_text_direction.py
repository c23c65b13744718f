"""Texts with direction overrides, stored before these were refused, do not reorder any page."""

from collections.abc import Iterable

import pytest
from playwright.sync_api import Page, expect

from orders.lifecycle import Status
from orders.models import Order
from tests.browser import order_data

# An unclosed override; one after an end of isolation, which tries to break out of the isolation; an embedding; an
# unclosed isolate.
TURNED = ["Teapot \u202e000,1", "Tea \u2069\u2069\u202cpot \u202e000,1", "Tea \u202bpot", "Tea \u2067pot"]

# Words of the page whose letters are not in order from left to right.
TURNED_AROUND = """() => {
    const found = []
    const walker = document.createTreeWalker(document.querySelector('.o-page, .o-bare'), NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest('[hidden], option, script, .o-hidden, [data-rtl]')) continue
        let before = null
        for (let at = 0; at < node.data.length; at++) {
            const range = document.createRange()
            range.setStart(node, at)
            range.setEnd(node, at + 1)
            const box = range.getBoundingClientRect()
            if (!box.width || !/[A-Za-z0-9.,:?()×]/.test(node.data[at])) continue
            if (before && Math.abs(before.top - box.top) < 3 && box.left < before.left) {
                found.push(node.data.trim())
                break
            }
            before = box
        }
    }
    return found
}"""


def pages(order: Order) -> Iterable[str]:
    yield "/dashboard/"
    yield f"/dashboard/?customer_email={order_data.place_order().customer_email}"
    yield f"/dashboard/orders/{order.order_id}/"
    yield f"/dashboard/orders/{order.order_id}/status/?to=CANCELLED&version={order.version}"
    yield f"/dashboard/orders/{order.order_id}/status/?to=CANCELLED&version=7"
    yield f"/dashboard/orders/{order.order_id}/delete/?version={order.version}"


@pytest.mark.parametrize("text", TURNED, ids=["override", "breaks out", "embedding", "isolate"])
def test_a_stored_text_does_not_reorder_any_page(page: Page, text):
    order = order_data.place_order(text, name=text, email=f"zoe{text[-5:]}@example.com")
    order = order_data.change_status(order, Status.PROCESSING, by=f"api-key:{text}")
    for url in pages(order):
        page.goto(url)
        assert page.evaluate(TURNED_AROUND) == [], url
    page.goto("/dashboard/")
    page.locator(f"input[name=id][value='{order.order_id}']").check()
    page.get_by_role("button", name="Cancel orders").click()
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    assert page.evaluate(TURNED_AROUND) == []


@pytest.mark.parametrize("text", TURNED, ids=["override", "breaks out", "embedding", "isolate"])
def test_a_text_in_the_url_does_not_reorder_the_page(page: Page, text):
    dashboard = f"/dashboard/search/?q={text}", f"/dashboard/orders/{text}/", f"/dashboard/?customer_email={text}"
    for url in (*dashboard, f"/dashboard/?{text}=1", f"/nothing/{text}", f"/orders/{text}", f"/orders?{text}=1"):
        page.goto(url)
        assert page.evaluate(TURNED_AROUND) == [], url


def test_a_hidden_character_is_shown_as_its_code(page):
    order = order_data.place_order("Teapot \u202e000,1", name="Zoe\u200b")
    page.goto(f"/dashboard/orders/{order.order_id}/")
    expect(page.locator("dd").get_by_text("Teapot U+202E000,1", exact=True)).to_be_visible()
    expect(page.get_by_title("invisible character ZERO WIDTH SPACE (U+200B)")).to_have_text("U+200B")


def test_a_right_to_left_name_does_not_reorder_the_sentence_around_it(page):
    order = order_data.place_order("إبريق الشاي", name="ليلى 12", quantity=3)
    page.goto(f"/dashboard/orders/{order.order_id}/delete/?version=1")
    named = page.locator("strong", has_text="ليلى")
    places = named.evaluate("""strong => {
        const item = strong.querySelectorAll('bdi')[0].getBoundingClientRect()
        const name = strong.querySelectorAll('bdi')[1].getBoundingClientRect()
        const whole = strong.getBoundingClientRect()
        return [whole.left, item.left, item.right, name.left, name.right]
    }""")
    assert places == sorted(places)
    expect(named).to_have_text("3 × إبريق الشاي for ليلى 12")

"""The overview's figures with the lists that they link to, and the CSV export."""

import csv
import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from orders.dashboard import overview
from orders.lifecycle import Status
from tests.browser import order_data


def rows(page):
    return page.locator("[data-row]").count()


def test_every_figure_links_to_a_list_of_that_many_orders(page, monkeypatch):
    now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    monkeypatch.setattr(overview, "read_clock", lambda: now)
    for ago in (0, 58, 58, 61, 120):
        order_data.place_order(at=now - timedelta(hours=ago))
    order_data.change_status(order_data.place_order(at=now - timedelta(days=5)), Status.PROCESSING)
    page.goto("/dashboard/overview/")
    cards = page.locator(".o-figures a")
    expect(cards).to_have_count(4)
    figures = dict(zip(cards.locator("span").all_inner_texts(), cards.locator("strong").all_inner_texts(), strict=True))
    assert figures == {"Pending": "5", "Processing": "1", "Due or expiring within 6 hours": "4", "Placed today": "1"}

    placed = page.get_by_role("region", name="Orders placed per day").get_by_role("link")
    expiring = page.get_by_role("region", name="Pending orders by hour of expiry").get_by_role("link")
    expect(placed).to_have_count(14)
    # The current hour and the next 60.
    expect(expiring).to_have_count(61)
    bars = [*placed.all(), *expiring.all()]
    links = [(card.get_attribute("href"), card.locator("strong").inner_text()) for card in cards.all()]
    links += [(bar.get_attribute("href"), bar.get_attribute("aria-label").rpartition(": ")[2]) for bar in bars]
    shown = [(url, figure) for url, figure in links if figure != "0"]
    assert len(shown) >= 4 + 3 + 1
    for url, figure in shown:
        page.goto(url)
        assert rows(page) == int(figure), url


def test_an_outage_during_counting_shows_the_error_page(page, watch):
    with order_data.dynamodb_outage():
        page.goto("/dashboard/overview/")
        expect(page.get_by_role("heading", name="Orders are temporarily unavailable", level=1).last).to_be_visible()
    # They appear when counting works again.
    expect(page.get_by_role("link", name="Placed today")).to_be_visible()
    # The browser logs the failed request, as it should.
    watch.ignore("503")


def test_a_card_is_a_link(page):
    order_data.place_order(ago=timedelta(hours=58))
    page.goto("/dashboard/overview/")
    page.get_by_role("link", name="Due or expiring within 6 hours").click()
    expect(page.get_by_text("Status: PENDING")).to_be_visible()
    expect(page.locator("[data-row] .o-soon")).to_be_visible()


def test_the_filtered_orders_are_exported(page):
    order_data.place_order("=HYPERLINK(1)")
    order_data.place_order("Teapot, blue")
    order_data.place_order("His", email="his@example.com")
    page.goto("/dashboard/?customer_email=zoe.kim@example.com")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export CSV").click()
    download = waiting.value
    assert re.fullmatch(r"orders-zoe\.kim-at-example\.com-as-of-\d{4}-\d\d-\d\d\.csv", download.suggested_filename)
    with download.path().open(encoding="utf-8-sig", newline="") as file:
        assert sorted(row["item"] for row in csv.DictReader(file)) == ["'=HYPERLINK(1)", "Teapot, blue"]

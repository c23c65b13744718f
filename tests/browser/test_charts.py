"""Which scripts pages load."""

import pytest
from playwright.sync_api import expect

from accounts.models import Access, ApiKey
from tests.browser import order_data


@pytest.fixture
def requested(open_browser):
    """Opens a browser and returns its page with the URLs that this will request."""
    followed = []

    def requested(user=None):
        page, urls = open_browser(user), []
        page.on("request", record := lambda request: urls.append(request.url))
        followed.append((page, record))
        return page, urls

    yield requested
    for page, record in followed:
        page.remove_listener("request", record)


@pytest.fixture
def loaded(requested, administrator):
    """Opens these pages and returns the URLs that they load. Errors in the console fail the test."""
    page, urls = requested(administrator)

    def loaded(*pages):
        for path in pages:
            page.goto(path)
            page.wait_for_load_state("load")
            expect(page.locator("#main").first).to_be_visible()
        return urls

    return loaded


def test_pages_of_orders_do_not_load_chart_js(loaded):
    order = order_data.place_order()
    detail = f"/dashboard/orders/{order.order_id}/"
    urls = loaded(
        "/dashboard/",
        "/dashboard/?created_from=2026-02-02&created_to=2026-01-01",
        "/dashboard/overview/?count=1",
        "/dashboard/orders/new/",
        "/dashboard/search/?q=teapot",
        detail,
        f"{detail}status/?to=CANCELLED&version=1",
        f"{detail}delete/?version=1",
        f"{detail}delete/?version=2",
        "/nothing",
    )
    assert any(url.endswith("htmx.js") for url in urls)
    assert [url for url in urls if "chart" in url] == []


def test_admin_pages_do_not_load_chart_js(loaded):
    key, _ = ApiKey.objects.create_key(name="shop", access=Access.READ_WRITE)
    urls = loaded(
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/accounts/apikey/",
        f"/admin/accounts/apikey/{key.pk}/change/",
        "/admin/auth/group/",
        "/admin/axes/accessattempt/",
        "/admin/password_change/",
    )
    assert any(url.endswith("htmx.js") for url in urls)
    assert [url for url in urls if "chart" in url] == []


def test_the_login_does_not_load_chart_js(requested):
    page, urls = requested()
    page.goto("/admin/login/")
    expect(page.get_by_label("Username")).to_be_visible()
    assert any(url.endswith("htmx.js") for url in urls)
    assert [url for url in urls if "chart" in url] == []

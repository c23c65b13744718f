"""axe-core finds no violations on any page in either theme."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Access, ApiKey
from orders.lifecycle import Status
from tests.browser import order_data
from tests.contract.order_helpers import overwrite, set_outside

AXE = Axe().axe_script
RUN = "axe.run({resultTypes: ['violations']}).then(results => results.violations)"
# What a page becomes that Unfold opens in the dark theme.
DARKEN = """() => {
  document.documentElement.classList.add("dark");
  const transitions = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  return Promise.all(transitions.map((transition) => transition.finished));
}"""


def violations(page):
    page.evaluate(AXE)
    return run_axe(page)


def run_axe(page):
    return [
        f"{page.url}: {violation['id']} ({violation['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for violation in page.evaluate(RUN)
        for node in violation["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture
def visit(open_browser):
    """Opens these URLs and returns the violations that axe finds in the light theme and then in the dark one."""

    def visit(user, *urls, **options):
        page = open_browser(user, **options)
        found = []
        for url in urls:
            page.emulate_media(color_scheme="light")
            page.goto(url)
            found += violations(page)
            page.emulate_media(color_scheme="dark")
            page.evaluate(DARKEN)
            found += [f"dark: {violation}" for violation in run_axe(page)]
        return found

    return visit


def test_the_order_pages(visit, manager):
    orders = order_data.place_orders(30)
    order = order_data.change_status(orders[3], Status.PROCESSING)
    order_data.place_order("Due", ago=timedelta(hours=58))
    order_data.change_status(order_data.change_status(orders[5], Status.PROCESSING), Status.COMPLETED)
    order_data.change_status(orders[6], Status.CANCELLED)
    at = f"/dashboard/orders/{order.order_id}/"
    lists = ["/dashboard/", "/dashboard/?status=PENDING&created_from=2020-01-01", "/dashboard/?customer_email=x"]
    others = ["/dashboard/overview/?count=1", "/dashboard/orders/new/", "/dashboard/search/?q=teapot", "/nowhere"]
    one = [at, f"{at}status/?to=CANCELLED&version=2", f"{at}delete/?version=2", f"{at}delete/?version=1"]
    assert visit(manager, *lists, *others, *one) == []


def test_the_order_pages_on_a_phone(visit, manager):
    order = order_data.place_order()
    pages = ["/dashboard/", "/dashboard/overview/?count=1", "/dashboard/orders/new/"]
    pages += [f"/dashboard/orders/{order.order_id}/"]
    assert visit(manager, *pages, viewport={"width": 360, "height": 740}) == []


def test_the_pages_of_orders_that_another_program_wrote(visit, manager):
    unreadable, outside = [order.order_id for order in order_data.place_orders(2)]
    overwrite(unreadable, quantity={"S": "two"}, item={"L": [{"S": "x" * 400}]})
    set_outside(outside, "PROCESSING")
    at = f"/dashboard/orders/{unreadable}/"
    pages = ["/dashboard/", at, f"{at}delete-unreadable/", f"/dashboard/orders/{outside}/"]
    assert visit(manager, *pages) == []
    assert visit(manager, *pages, viewport={"width": 320, "height": 740}) == []


def test_empty_pages_and_error_pages(visit, viewer, manager):
    empty = ["/dashboard/", "/dashboard/?status=EXPIRED", "/dashboard/overview/?count=1"]
    assert visit(manager, *empty) == []
    assert visit(viewer, "/dashboard/", "/dashboard/orders/new/") == []
    with order_data.dynamodb_outage():
        assert visit(viewer, "/dashboard/") == []


def test_panels_dialogs_and_the_pages_after_a_form(open_browser, theme, manager):
    orders = order_data.place_orders(3)
    order_data.change_status(orders[1], Status.CANCELLED)
    page = open_browser(manager, reuse=False, color_scheme=theme)
    page.clock.install()
    found = []

    page.goto("/dashboard/orders/new/")
    page.locator("form.o-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    found += violations(page)
    page.get_by_label("Item").fill("Teapot")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("was placed")).to_be_visible()
    found += violations(page)

    order_data.place_order("Newcomer", ago=timedelta(0))
    page.clock.run_for(21_000)
    page.get_by_text("1 new order has arrived. Show it.").wait_for()
    page.locator("summary", has_text="Filter").click()
    found += violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.get_by_role("checkbox", name="Whole page").check()
    found += violations(page)
    page.keyboard.press("?")
    found += violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel orders").click()
    page.get_by_role("button", name="Cancel 3 orders").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Cancel 3 orders").click()
    expect(page.get_by_role("heading", name="Result", level=1).last).to_be_visible()
    found += violations(page)

    page.locator("nav [role=button]", has_text="anna@example.com").click()
    page.clock.run_for(1_000)
    # While it fades in, its colours have too little contrast.
    menu = page.locator("nav nav", has_text="Log out")
    expect(menu).to_be_visible()
    expect(menu).to_have_css("opacity", "1")
    found += violations(page)
    assert found == []


def test_the_command_palette(open_browser, theme, manager):
    order = order_data.place_order()
    page = open_browser(manager, color_scheme=theme)
    page.goto("/dashboard/")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").fill(order.order_id)
    page.get_by_placeholder("Type to search").press("End")
    page.locator("#command-results-list a").wait_for()
    assert violations(page) == []
    page.get_by_placeholder("Type to search").fill("teapot")
    page.get_by_placeholder("Type to search").press("End")
    page.get_by_text("No match.").wait_for()
    assert violations(page) == []


def test_the_admin(visit, administrator, manager):
    key, _ = ApiKey.objects.create_key(name="shop", access=Access.READ_WRITE)
    keys = ["/admin/accounts/apikey/", "/admin/accounts/apikey/add/", f"/admin/accounts/apikey/{key.pk}/change/"]
    users = ["/admin/accounts/user/", "/admin/accounts/user/add/", f"/admin/accounts/user/{manager.pk}/change/"]
    group = manager.groups.get()
    groups = ["/admin/auth/group/", "/admin/auth/group/add/", f"/admin/auth/group/{group.pk}/change/"]
    others = ["/admin/", "/admin/accounts/", "/admin/password_change/", f"/admin/accounts/user/{manager.pk}/delete/"]
    assert visit(administrator, *keys, *users, *groups, *others) == []


def test_creating_and_revoking_an_api_key(open_browser, theme, administrator):
    page = open_browser(administrator, color_scheme=theme)
    page.goto("/admin/accounts/apikey/add/")
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    found = violations(page)
    page.goto("/admin/accounts/apikey/")
    expect(page.get_by_text("Copy it now")).to_have_count(0)
    ApiKey.objects.update(revoked=True)
    page.goto(f"/admin/accounts/apikey/{ApiKey.objects.get().pk}/change/")
    found += violations(page)
    assert found == []


def test_the_login_and_the_lockout(open_browser, theme, administrator):
    page = open_browser(color_scheme=theme)
    page.goto("/admin/login/")
    found = violations(page)
    for _ in range(5):
        page.get_by_label("Username").fill("root")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()
        found += violations(page)
    expect(page.get_by_role("heading", name="Too many wrong passwords")).to_be_visible()
    office = open_browser(administrator, color_scheme=theme)
    office.goto("/admin/axes/accessattempt/")
    found += violations(office)
    office.get_by_role("row").get_by_role("link").first.click()
    office.wait_for_load_state()
    found += violations(office)
    assert found == []

"""Which pages and forms each permission allows, and the pages for users without it."""

from urllib.parse import urlencode, urljoin

import pytest
from django.test import Client
from django.urls import reverse

from orders import store
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.order_helpers import placed, stored
from tests.dashboard.html_page import Page, get_page, submit

ORDER_ID = "0b9d4f2e-8a31-4c55-9a3e-2f6d1c7b8e90"
PAGES = {
    "list": "/dashboard/",
    "filtered list": "/dashboard/?status=PENDING&customer_email=zoe%40example.com",
    "overview": "/dashboard/overview/",
    "export": "/dashboard/export.csv?status=PENDING",
    "live": "/dashboard/live/",
    "search": "/dashboard/search/?q=zoe%40example.com",
    "new": "/dashboard/orders/new/",
    "detail": f"/dashboard/orders/{ORDER_ID}/",
    "raw": f"/dashboard/orders/{ORDER_ID}/raw/",
    "status": f"/dashboard/orders/{ORDER_ID}/status/?to=CANCELLED&version=1",
    "delete": f"/dashboard/orders/{ORDER_ID}/delete/?version=1",
}
VIEWING = [name for name in PAGES if name not in ("new", "status", "delete")]

MANAGERS = 'Ask an administrator for the group "Order managers".'
VIEWERS = 'Ask an administrator for the group "Order viewers".'

TEAPOT = {"item": "Teapot", "quantity": "2", "token": "6f9a1c52-0000-4000-8000-000000000001"}


@pytest.fixture
def order(table):
    return placed(order_id=ORDER_ID, customer_email="zoe@example.com")


def forgeries(order_id):
    """Every form that writes, by the permission that it requires."""
    seen = {"seen": f"{order_id}:1"}
    return {
        "add_order": [("/dashboard/orders/new/", TEAPOT)],
        "change_order": [
            (f"/dashboard/orders/{order_id}/status/", {"to": "PROCESSING", "version": "1"}),
            ("/dashboard/bulk/preview/", {"action": "process", "id": order_id}),
            ("/dashboard/bulk/preview/", {"action": "cancel", "all": "1", "shown": order_id}),
            ("/dashboard/bulk/apply/", {"action": "process", **seen}),
            ("/dashboard/bulk/apply/", {"action": "complete", **seen}),
            ("/dashboard/bulk/apply/", {"action": "cancel", **seen}),
        ],
        "delete_order": [
            (f"/dashboard/orders/{order_id}/delete/", {"version": "1"}),
            ("/dashboard/bulk/preview/", {"action": "delete", "id": order_id}),
            ("/dashboard/bulk/apply/", {"action": "delete", **seen}),
        ],
    }


# --- Strangers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_an_anonymous_user_is_sent_to_the_login_and_back_to_the_same_page(order, db, django_user_model, name):
    django_user_model.objects.create_superuser("anna", password="a long secret")
    browser = Client()
    to_login = browser.get(PAGES[name])
    assert to_login.status_code == 302
    assert to_login["Location"].startswith(reverse("admin:login") + "?next=")
    login = browser.get(to_login["Location"])
    assert login.status_code == 200
    back = browser.post(
        to_login["Location"], {"username": "anna", "password": "a long secret", "next": login.context["next"]}
    )
    assert (back.status_code, back["Location"]) == (302, PAGES[name])


def test_the_root_redirects_to_the_list(anna):
    assert anna.get("/")["Location"] == "/dashboard/"
    assert anna.get("/dashboard")["Location"] == "/dashboard/"


def test_the_login_does_not_redirect_to_another_site(table, db, django_user_model):
    django_user_model.objects.create_superuser("anna", password="a long secret")
    response = Client().post(
        "/admin/login/?next=//evil.example/",
        {"username": "anna", "password": "a long secret", "next": "//evil.example/"},
    )
    assert (response.status_code, "evil" in response["Location"]) == (302, False)


@pytest.mark.parametrize("permission", ["add_order", "change_order", "delete_order"])
def test_a_form_sent_after_the_session_ended_redirects_to_the_login_and_then_to_the_list(order, db, permission):
    for url, data in forgeries(ORDER_ID)[permission]:
        response = Client().post(url, data)
        assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/dashboard/")
    assert [(found.order_id, found.version) for found in Order.scan()] == [(ORDER_ID, 1)]


# --- Staff who lack a permission --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWING)
def test_staff_without_permissions_see_whom_to_ask(sign_in, order, name):
    page = get_page(sign_in(), PAGES[name], status=403)
    assert VIEWERS in page.text
    assert "Teapot" not in page.text


@pytest.mark.parametrize("name", VIEWING)
def test_a_viewer_sees_every_read_only_page(viewer, order, name):
    response = viewer.get(PAGES[name], follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["new", "status", "delete"])
def test_a_viewer_sees_whom_to_ask_on_pages_that_write(viewer, order, name):
    assert MANAGERS in get_page(viewer, PAGES[name], status=403).text


@pytest.mark.parametrize("permission", ["add_order", "change_order", "delete_order"])
def test_forged_forms_of_a_viewer_are_refused_and_write_nothing(viewer, order, permission):
    for url, data in forgeries(ORDER_ID)[permission]:
        response = viewer.post(url, data)
        assert response.status_code == 403, url
        assert MANAGERS in Page(response).text
    assert [(found.order_id, found.version) for found in Order.scan()] == [(ORDER_ID, 1)]


@pytest.mark.parametrize("permission", ["add_order", "change_order", "delete_order"])
def test_each_permission_allows_only_its_own_forms(sign_in, order, permission):
    browser = sign_in("Order viewers", may=(permission,))
    for needed, forms in forgeries(ORDER_ID).items():
        for url, data in forms:
            refused = browser.post(url, data).status_code == 403
            assert refused == (needed != permission), (permission, url)


@pytest.mark.parametrize("name", PAGES)
def test_a_manager_and_a_superuser_see_every_page(sign_in, order, name):
    for browser in (sign_in("Order managers"), sign_in(is_superuser=True)):
        assert browser.get(PAGES[name], follow=True).status_code == 200


def test_a_user_who_is_no_longer_staff_sees_no_page(sign_in, order):
    browser = sign_in("Order managers", is_staff=False)
    for url in PAGES.values():
        assert "These pages are for staff" in get_page(browser, url, status=403).text


def test_a_deactivated_account_is_signed_out_at_once(sign_in, order, django_user_model):
    browser = sign_in("Order managers", name="gone")
    assert browser.get("/dashboard/").status_code == 200
    django_user_model.objects.filter(username="gone").update(is_active=False)
    assert browser.get("/dashboard/").status_code == 302


# --- Signing in as another user ---------------------------------------------------------------------------------------

SIGN_IN_AGAIN = "Sign in as another user"


def without_permission(sign_in, kind):
    """A client of a user who may not see orders."""
    return {
        "no group": lambda: sign_in(name="lena"),
        "not staff": lambda: sign_in("Order managers", name="lena", is_staff=False),
        "may see users only": lambda: sign_in(name="lena", may=("view_user",)),
        "may add only": lambda: sign_in(name="lena", may=("add_order",)),
    }[kind]()


KINDS = ["no group", "not staff", "may see users only", "may add only"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_link_on_an_access_denied_page_leads_to_another(sign_in, order, kind):
    browser = without_permission(sign_in, kind)
    page = get_page(browser, "/dashboard/?status=PENDING", status=403)
    assert "You are signed in as lena" in page.text
    assert not page.has_link("Go to orders")
    assert {form.action for form in page.forms} == {"/admin/logout/"}
    links = {urljoin("/dashboard/", link.href) for link in page.links if not link.href.startswith("#")}
    assert "/admin/" in links
    for link in links:
        assert browser.get(link, follow=True).status_code == 200, link


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_refusal_signing_in_as_another_user_returns_to_the_page(sign_in, order, django_user_model, kind):
    browser = without_permission(sign_in, kind)
    page = get_page(browser, "/dashboard/?status=PENDING", status=403)
    out = submit(browser, page.form("/admin/logout/", button=SIGN_IN_AGAIN), SIGN_IN_AGAIN)
    assert (out.status_code, out["Location"]) == (302, "/admin/login/?next=/dashboard/%3Fstatus%3DPENDING")
    assert "_auth_user_id" not in browser.session
    login = get_page(browser, out["Location"])
    django_user_model.objects.create_superuser("anna", password="a long secret")
    back = submit(browser, login.form(out["Location"]), username="anna", password="a long secret")
    assert (back.status_code, back["Location"]) == (302, "/dashboard/?status=PENDING")
    assert browser.get(back["Location"]).status_code == 200


def test_signing_in_after_a_refused_form_leads_to_the_list(sign_in, order):
    browser = sign_in()
    page = Page(browser.post(f"/dashboard/orders/{ORDER_ID}/delete/", {"version": "1"}))
    out = submit(browser, page.form("/admin/logout/", button=SIGN_IN_AGAIN), SIGN_IN_AGAIN)
    assert out["Location"] == "/admin/login/?next=/dashboard/"


@pytest.mark.parametrize("url", ["/admin/accounts/user/", "/dashboard/nowhere/", "/nowhere"])
def test_every_access_denied_page_offers_to_sign_in_as_another_user(sign_in, table, url):
    page = get_page(sign_in(), url, status=403 if url.startswith("/admin") else 404)
    assert page.form("/admin/logout/", button=SIGN_IN_AGAIN)
    assert not page.has_link("Go to orders")


def test_an_expired_form_offers_to_sign_in_as_another_user(sign_in, order):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = sign_in().cookies
    page = Page(
        browser.post(f"/dashboard/orders/{ORDER_ID}/delete/", {"version": "1"}, headers={"Accept": "text/html"})
    )
    assert page.form("/admin/logout/", button=SIGN_IN_AGAIN)


def test_a_user_who_may_see_orders_gets_a_link_to_them(viewer, order):
    page = get_page(viewer, PAGES["new"], status=403)
    assert page.link("Go to orders") == "/dashboard/"
    assert SIGN_IN_AGAIN not in page.text


def test_a_user_who_is_no_longer_staff_can_sign_out(sign_in, table):
    browser = sign_in(is_staff=False)
    assert browser.post("/admin/logout/").status_code == 200
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize("kind", ["no group", "may see users only", "may add only", "viewer", "manager", "superuser"])
def test_no_link_on_the_admin_index_is_refused(sign_in, table, kind):
    staff = {
        "viewer": lambda: sign_in("Order viewers"),
        "manager": lambda: sign_in("Order managers"),
        "superuser": lambda: sign_in(is_superuser=True),
    }
    browser = staff[kind]() if kind in staff else without_permission(sign_in, kind)
    page = get_page(browser, "/admin/")
    for link in {urljoin("/admin/", link.href) for link in page.links}:
        assert browser.get(link, follow=True).status_code == 200, link


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", ""])
@pytest.mark.parametrize(("groups", "status"), [(["Order managers"], 200), ([], 403)])
def test_an_unsafe_target_of_a_login_is_replaced_by_the_dashboard(sign_in, django_user_model, target, groups, status):
    sign_in(*groups, name="lena")
    user = django_user_model.objects.get(username="lena")
    user.set_password("a long secret")
    user.save()
    browser = Client()
    data = {"username": "lena", "password": "a long secret", "next": target}
    response = browser.post(f"/admin/login/?{urlencode({'next': target})}", data)
    assert (response.status_code, response["Location"]) == (302, "/dashboard/")
    page = get_page(browser, response["Location"], status=status)
    assert (SIGN_IN_AGAIN in page.text) == (status == 403)


# --- What is shown is what may be done --------------------------------------------------------------------------------


def test_a_viewer_sees_no_forms_that_write(viewer, order):
    for url in ("/dashboard/", PAGES["detail"], "/dashboard/overview/"):
        page = get_page(viewer, url)
        assert not {action for action in page.actions() if action.startswith("/dashboard/orders/")}
        assert not [
            words for form in page.forms for words in form.buttons if words in ("Process", "Complete", "Delete")
        ]
        assert not page.has_link("New order")
        assert not page.has_link("Cancel order")
        assert not page.has_link("Delete")
        assert 'type="checkbox" name="id"' not in viewer.get(url).content.decode()


def test_an_empty_list_does_not_offer_a_viewer_to_place_an_order(viewer, anna):
    assert not get_page(viewer, "/dashboard/").has_link("Place the first order")
    assert get_page(anna, "/dashboard/").link("Place the first order") == "/dashboard/orders/new/"


@pytest.mark.parametrize(
    ("permission", "buttons"),
    [("change_order", {"Process", "Complete", "Cancel orders"}), ("delete_order", {"Delete"})],
)
def test_the_list_offers_only_permitted_actions(sign_in, order, permission, buttons):
    page = get_page(sign_in("Order viewers", may=(permission,)), "/dashboard/")
    assert set(page.form("/dashboard/bulk/preview/").buttons) == buttons


def test_the_detail_page_offers_only_permitted_actions(sign_in, order):
    changer = get_page(sign_in("Order viewers", may=("change_order",)), PAGES["detail"])
    assert changer.has_link("Cancel order")
    assert not changer.has_link("Delete")
    deleter = get_page(sign_in("Order viewers", may=("delete_order",)), PAGES["detail"])
    assert deleter.has_link("Delete")
    assert not deleter.has_link("Cancel order")
    assert f"/dashboard/orders/{ORDER_ID}/status/" not in deleter.actions()


def test_the_sidebar_shows_only_permitted_pages(sign_in, order):
    hrefs = {
        who: {link.href for link in get_page(browser, "/dashboard/overview/").links}
        for who, browser in {"viewer": sign_in("Order viewers"), "manager": sign_in("Order managers")}.items()
    }
    assert "/dashboard/orders/new/" in hrefs["manager"]
    assert "/dashboard/orders/new/" not in hrefs["viewer"]
    assert not {href for who in hrefs.values() for href in who if href.startswith("/admin/accounts/")}
    everything = {link.href for link in get_page(sign_in(is_superuser=True), "/dashboard/overview/").links}
    assert {"/admin/accounts/user/", "/admin/auth/group/", "/admin/accounts/apikey/"} <= everything


def test_the_command_palette_finds_orders_only_with_permission_to_view_them(sign_in, order):
    url = f"/admin/search/?extended=1&s={ORDER_ID}"
    assert f"/dashboard/orders/{ORDER_ID}/" in sign_in("Order viewers").get(url).content.decode()
    assert f"/dashboard/orders/{ORDER_ID}/" not in sign_in().get(url).content.decode()


# --- Forged from another site, and old forms --------------------------------------------------------------------------


def test_a_form_without_a_csrf_token_is_refused_with_a_message_and_writes_nothing(anna, order):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = anna.cookies
    for url, data in [pair for forms in forgeries(ORDER_ID).values() for pair in forms]:
        response = browser.post(url, data, headers={"Accept": "text/html"})
        assert response.status_code == 403
        assert "reload the page and try again" in Page(response).text
    assert store.get(ORDER_ID).status is Status.PENDING


def test_an_anonymous_form_without_a_csrf_token_writes_nothing(order, db):
    browser = Client(enforce_csrf_checks=True)
    response = browser.post(f"/dashboard/orders/{ORDER_ID}/delete/", {"version": "1"})
    assert response.status_code == 403
    assert stored(ORDER_ID)

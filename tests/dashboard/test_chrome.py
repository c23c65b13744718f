"""What is around every page: the chrome, the headers, and the page for an address that leads nowhere."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import RequestContext, Template
from django.test import Client, RequestFactory

from tests.contract.order_helpers import placed
from tests.dashboard.reading import Page, see

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
NOWHERE = ["/nothing", "/nothing/", "/dashboard/nothing/", "/dashboard/orders/", "/dashboard/overview", "/%00", "/💥"]


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_of_nothing_is_a_page_in_the_chrome_for_staff(anna, address):
    response = anna.get(address, headers=BROWSER)
    assert response.status_code == 404
    page = Page(response)
    assert "There is no page at" in page.words
    assert page.has_link("All orders")
    assert page.has_link("Go to orders")


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_of_nothing_is_a_problem_document_for_a_program(anna, address):
    response = anna.get(address, headers=PROGRAM)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_stranger_is_shown_no_sidebar_where_nothing_is(table, db):
    page = Page(Client().get("/nothing", headers=BROWSER))
    assert "There is no page at /nothing." in page.words
    assert not page.has_link("All orders")


def test_what_stood_in_the_address_is_shown_as_text(anna):
    content = anna.get("/<script>alert(1)</script>", headers=BROWSER).content.decode()
    assert "<script>alert" not in content


def test_an_admin_page_that_is_not_there_or_not_for_this_person_is_a_page(anna, sign_in):
    assert see(sign_in(is_superuser=True), "/admin/nothing/", status=404).has_link("Go to orders")
    page = see(anna, "/admin/accounts/user/", status=403)
    assert "Ask an administrator" in page.words


PAGES = [
    "/dashboard/",
    "/dashboard/overview/",
    "/dashboard/orders/new/",
    "/dashboard/search/?q=x",
    "/nothing",
    "/admin/",
]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_allows_no_script_but_ours(anna, address):
    policy = anna.get(address, headers=BROWSER)["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["default-src"] == "'self'"
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert directives["form-action"] == "'self'"


def test_what_is_no_page_has_no_policy(anna, read_write_key):
    order = placed()
    key = {"Authorization": f"Api-Key {read_write_key}"}
    for address in ("/orders", "/nothing", "/lifecycle", f"/dashboard/orders/{order.order_id}/raw/"):
        assert "Content-Security-Policy" not in anna.get(address, headers={**PROGRAM, **key})
    assert "Content-Security-Policy" not in anna.get("/dashboard/export.csv")


KEPT_NOWHERE = [
    "/dashboard/export.csv",
    "/dashboard/live/",
    "/dashboard/counts/",
    "/dashboard/orders/none/",
    "/dashboard/orders/none/raw/",
    "/dashboard/bulk/preview/",
    "/dashboard/search/?q=zoe@example.com",
    "/admin/login/",
    "/admin/accounts/user/",
    "/admin/search/?s=zoe",
]


@pytest.mark.parametrize("address", [*PAGES, *KEPT_NOWHERE])
def test_no_page_is_kept_by_anybody_on_the_way(anna, address):
    assert "no-store" in anna.get(address, headers=BROWSER)["Cache-Control"]


def test_every_page_carries_the_id_of_its_request_and_stays_out_of_frames(anna):
    response = anna.get("/dashboard/")
    assert response["X-Request-Id"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


ADMIN_PAGES = ["/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/apikey/", "/admin/auth/group/"]


@pytest.mark.parametrize("address", [*PAGES, *ADMIN_PAGES])
def test_a_page_without_charts_does_not_load_chart_js(sign_in, address):
    content = sign_in(is_superuser=True).get(address, headers=BROWSER).content.decode()
    assert "unfold/js/htmx/htmx.js" in content
    assert "chart.js" not in content


def test_the_login_does_not_load_chart_js(db):
    content = Client().get("/admin/login/", headers=BROWSER).content.decode()
    assert "unfold/js/htmx/htmx.js" in content
    assert "chart.js" not in content


def test_a_page_with_a_chart_of_unfold_loads_chart_js(db):
    source = (
        '{% extends "admin/base.html" %}{% block base %}{% include "unfold/components/chart/bar.html" %}{% endblock %}'
    )
    request = RequestFactory().get("/admin/")
    request.user = AnonymousUser()
    page = Template(source).render(RequestContext(request, {"data": "{}"}))
    assert page.count("unfold/js/chart/chart.js") == 1


@pytest.mark.parametrize("address", PAGES[:3])
def test_a_page_loads_nothing_from_another_host(anna, address):
    content = anna.get(address, headers=BROWSER).content.decode()
    assert 'src="http' not in content
    assert 'rel="stylesheet" href="http' not in content

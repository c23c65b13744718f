"""What all pages share: navigation, headers, scripts, and the 404 page."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import RequestContext, Template
from django.test import Client, RequestFactory

from tests.contract.order_helpers import placed
from tests.dashboard.html_page import Page, get_page

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
NOWHERE = ["/nothing", "/nothing/", "/dashboard/nothing/", "/dashboard/orders/", "/dashboard/overview", "/%00", "/💥"]


@pytest.mark.parametrize("url", NOWHERE)
def test_an_unknown_url_is_a_page_with_navigation_for_staff(anna, url):
    response = anna.get(url, headers=BROWSER)
    assert response.status_code == 404
    page = Page(response)
    assert "There is no page at" in page.text
    assert page.has_link("All orders")
    assert page.has_link("Go to orders")


@pytest.mark.parametrize("url", NOWHERE)
def test_an_unknown_url_is_a_problem_document_for_a_program(anna, url):
    response = anna.get(url, headers=PROGRAM)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_an_unknown_url_has_no_sidebar_for_an_anonymous_user(table, db):
    page = Page(Client().get("/nothing", headers=BROWSER))
    assert "There is no page at /nothing." in page.text
    assert not page.has_link("All orders")


def test_the_url_is_escaped_on_the_404_page(anna):
    content = anna.get("/<script>alert(1)</script>", headers=BROWSER).content.decode()
    assert "<script>alert" not in content


def test_a_missing_or_forbidden_admin_page_has_an_error_page(anna, sign_in):
    assert get_page(sign_in(is_superuser=True), "/admin/nothing/", status=404).has_link("Go to orders")
    page = get_page(anna, "/admin/accounts/user/", status=403)
    assert "Ask an administrator" in page.text


PAGES = [
    "/dashboard/",
    "/dashboard/overview/",
    "/dashboard/orders/new/",
    "/dashboard/search/?q=x",
    "/nothing",
    "/admin/",
]


@pytest.mark.parametrize("url", PAGES)
def test_pages_allow_only_scripts_of_this_site(anna, url):
    policy = anna.get(url, headers=BROWSER)["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["default-src"] == "'self'"
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert directives["form-action"] == "'self'"


def test_responses_other_than_pages_have_no_content_security_policy(anna, read_write_key):
    order = placed()
    key = {"Authorization": f"Api-Key {read_write_key}"}
    for url in ("/orders", "/nothing", "/lifecycle", f"/dashboard/orders/{order.order_id}/raw/"):
        assert "Content-Security-Policy" not in anna.get(url, headers={**PROGRAM, **key})
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


@pytest.mark.parametrize("url", [*PAGES, *KEPT_NOWHERE])
def test_no_page_may_be_cached(anna, url):
    assert "no-store" in anna.get(url, headers=BROWSER)["Cache-Control"]


def test_every_page_has_a_request_id_and_may_not_be_framed(anna):
    response = anna.get("/dashboard/")
    assert response["X-Request-Id"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


ADMIN_PAGES = ["/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/apikey/", "/admin/auth/group/"]


@pytest.mark.parametrize("url", [*PAGES, *ADMIN_PAGES])
def test_a_page_without_charts_does_not_load_chart_js(sign_in, url):
    content = sign_in(is_superuser=True).get(url, headers=BROWSER).content.decode()
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


@pytest.mark.parametrize("url", PAGES[:3])
def test_a_page_loads_nothing_from_another_host(anna, url):
    content = anna.get(url, headers=BROWSER).content.decode()
    assert 'src="http' not in content
    assert 'rel="stylesheet" href="http' not in content

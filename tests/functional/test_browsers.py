"""The API in a browser: JSON responses, and errors as pages."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings

from tests.dashboard.html_page import Page

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ACCEPTS = [BROWSER, "text/html", "text/html, application/json;q=0.9"]
URLS = ["/orders", "/orders?limit=0", "/orders/none", "/lifecycle", "/healthz", "/schema", "/nothing"]


@pytest.fixture(scope="module")
def production_static(tmp_path_factory):
    """Settings for static files as in production, only under names with a hash."""
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    values = {
        "STATIC_ROOT": tmp_path_factory.mktemp("static"),
        "STORAGES": {**settings.STORAGES, "staticfiles": storage},
    }
    with override_settings(**values):
        call_command("collectstatic", interactive=False, verbosity=0)
    return values


@pytest.fixture
def collected(production_static):
    with override_settings(**production_static):
        yield


@pytest.mark.parametrize("accept", ACCEPTS)
def test_staff_with_a_browser_get_json(sign_in, api, accept):
    order = api.place(item="Teekanne ☕ <script>alert(1)</script>")
    browser = sign_in("Order viewers")
    one = browser.get(f"/orders/{order['order_id']}", headers={"Accept": accept})
    assert (one.status_code, one["Content-Type"], one.json()) == (200, "application/json", order)
    many = browser.get("/orders", headers={"Accept": accept})
    assert (many.status_code, many["Content-Type"], many.json()["results"]) == (200, "application/json", [order])


def test_an_accept_header_that_cannot_be_parsed_gets_json(sign_in):
    response = sign_in("Order viewers").get("/orders/none", headers={"Accept": "text/html;x*=bad''%FF"})
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_an_error_is_a_page_with_a_message(sign_in, accept):
    browser = sign_in("Order viewers")
    page = Page(browser.get("/orders/none", headers={"Accept": accept}))
    assert "Not Found There is no order none. Status 404, code order_not_found" in page.text
    assert page.link("Go to orders") == "/dashboard/"
    wrong = browser.get("/orders?limit=0&page=<b>2</b>", headers={"Accept": accept})
    assert wrong.status_code == 400
    assert "page : There is no such parameter." in Page(wrong).text
    assert b"<b>2" not in wrong.content


def test_a_browser_without_a_session_is_shown_a_link_to_sign_in(table, db):
    response = Client().get("/orders?limit=5", headers={"Accept": BROWSER})
    assert response.status_code == 401
    assert response["WWW-Authenticate"]
    assert "Accept" in response["Vary"]
    page = Page(response)
    assert page.link("Sign in") == "/admin/login/?next=%2Forders%3Flimit%3D5"


def test_a_page_names_the_request_id_for_the_log(table, db):
    response = Client().get("/orders", headers={"Accept": BROWSER})
    assert response["X-Request-Id"] in Page(response).text
    assert "default-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
def test_a_program_gets_a_problem_document_even_with_cookies(table, db, accept):
    client = Client()
    client.cookies["sessionid"] = "x"
    response = client.get("/orders", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_no_url_fails_with_collected_static_files(collected, sign_in, accept):
    with_cookie = Client()
    with_cookie.cookies["sessionid"] = "x"
    for browser in (Client(), with_cookie, sign_in("Order viewers")):
        for url in URLS:
            response = browser.get(url, headers={"Accept": accept})
            assert response.status_code < 500
            expected = ("text/html; charset=utf-8",) if response.status_code >= 400 else ("application/json", OPENAPI)
            assert response["Content-Type"].startswith(expected), (url, response["Content-Type"])


OPENAPI = "application/vnd.oai.openapi+json"

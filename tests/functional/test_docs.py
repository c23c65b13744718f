"""/docs without a browser. tests/browser/test_docs.py tests it in one."""

import re

import pytest
from django.test import Client
from django.urls import set_script_prefix


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_an_anonymous_visitor_gets_the_form_for_a_key_and_not_the_document(stranger, path):
    response = stranger.client.get(path)
    assert response.status_code == 200
    page = response.content.decode()
    assert 'id="enter"' in page
    assert "/admin/login/?next=/docs" in page
    assert "place_order" not in page


def test_staff_who_may_see_orders_need_no_key(sign_in):
    page = sign_in("Order viewers").get("/docs").content.decode()
    assert 'id="enter"' not in page
    assert "You are signed in as asha" in page


def test_nothing_is_inline_from_another_host_or_cached(db):
    response = Client().get("/docs")
    page = response.content.decode()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    assert all("src=" in attributes and not text.strip() for attributes, text in scripts)
    urls = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert [url for url in urls if not url.startswith("/")] == []
    assert "unsafe-inline" not in re.search("script-src[^;]*", response["Content-Security-Policy"])[0]
    assert "no-store" in response["Cache-Control"]


def test_urls_contain_the_prefix_of_the_site(db):
    # Django's own client leaves this to the server.
    set_script_prefix("/prod/")
    try:
        page = Client().get("/docs").content.decode()
    finally:
        set_script_prefix("/")
    assert 'data-schema="/prod/schema"' in page


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_accepts_get_and_head_only(db, method):
    response = getattr(Client(enforce_csrf_checks=True), method)("/docs")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response.json()["code"] == "method_not_allowed"

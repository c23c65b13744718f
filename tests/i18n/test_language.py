"""Which language a response is in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone, translation
from django.utils.formats import date_format

from orders.templatetags.orders_display import capped, moment
from ordersite.language import API
from tests.contract.order_helpers import overwrite

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
GERMAN = {**BROWSER, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
AT = datetime(2026, 11, 24, 18, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH, en;q=0.5", "de"),
        ("en-IN", "en"),
        ("fr", "en"),
        ("fr, de;q=0.1", "de"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_a_page_follows_the_browser(db, header, language):
    response = Client().get("/admin/login/", headers={**BROWSER, "Accept-Language": header})
    assert f'<html lang="{language}"' in response.content.decode()
    assert response["Content-Language"] == language


def test_djangos_own_texts_are_german(db):
    page = Client().get("/admin/login/", headers=GERMAN).content.decode()
    assert "Benutzername" in page
    assert "Username" not in page


def test_a_page_varies_with_the_language_and_the_type(anna):
    varies = {name.strip() for name in anna.get("/dashboard/", headers=GERMAN)["Vary"].split(",")}
    assert {"Accept", "Accept-Language", "Cookie"} <= varies


def test_pages_are_not_stored_by_caches(anna):
    assert "no-store" in anna.get("/dashboard/", headers=GERMAN)["Cache-Control"]


def test_a_part_of_a_page_that_htmx_loads_follows_the_browser(anna):
    response = anna.get("/dashboard/counts/", headers={"HX-Request": "true", "Accept": "*/*", "Accept-Language": "de"})
    assert response["Content-Language"] == "de"


def test_an_error_page_follows_the_browser(db):
    response = Client().get("/nothing", headers=GERMAN)
    assert response.status_code == 404
    assert '<html lang="de">' in response.content.decode()


API_PATHS = ["/orders?limit=0&created_after=x", "/orders?customer_email=x", "/orders?status=NONE"]


@pytest.mark.parametrize("path", API_PATHS)
def test_validation_messages_of_the_api_are_in_english(api, path):
    english = api.get(path)
    german = api.get(path, Accept_Language="de")
    assert (german.status_code, german.content) == (400, english.content)
    assert "Accept-Language" not in german.get("Vary", "")


@pytest.mark.parametrize("path", API_PATHS)
def test_a_refusal_by_the_api_is_in_english_in_a_browser_too(api, path):
    page = api.client.get(path, headers={**api.headers, **GERMAN})
    assert '<html lang="en">' in page.content.decode()
    assert "Accept-Language" not in page["Vary"]


def test_every_endpoint_belongs_to_the_api():
    get_resolver().url_patterns  # noqa: B018 (loads the URLs)
    from orders.api.urls import ROUTES  # noqa: PLC0415 (the project's URLs register a converter that it needs)

    assert {route.partition("/")[0] for route in ROUTES} == API | {"docs"}


def test_the_language_does_not_change_an_api_response(api):
    order = api.place()
    path = f"/orders/{order['order_id']}"
    assert api.get(path, Accept_Language="de").json() == order
    missing = api.post("/orders", {}, Accept_Language="de").json()
    assert {error["detail"] for error in missing["errors"]} == {"This field is required."}


@pytest.mark.parametrize(
    ("method", "path", "extra"),
    [
        ("get", "/nothing", {}),
        ("post", "/nothing", {"HTTP_CONTENT_ENCODING": "gzip"}),
        ("post", "/dashboard/", {"HTTP_CONTENT_ENCODING": "gzip"}),
        ("delete", "/dashboard/", {}),
    ],
)
def test_a_problem_outside_the_api_is_in_english(db, method, path, extra):
    body = {} if method == "get" else {"data": b"x", "content_type": "text/plain"}
    send = getattr(Client(), method)
    english = send(path, **body, **extra)
    german = send(path, **body, **extra, headers={"Accept-Language": "de"})
    assert german.content == english.content
    assert german["Content-Type"] == "application/problem+json"


def test_a_problem_for_a_part_of_a_page_is_in_english(db):
    english, german = (
        Client().delete("/dashboard/", headers={"HX-Request": "true", "Accept-Language": language})
        for language in ("en", "de")
    )
    assert german["Content-Type"] == "application/problem+json"
    assert german.content == english.content


def unreadable(api):
    order = api.place()
    overwrite(order["order_id"], quantity={"S": "a couple"}, status={"S": "SHIPPED"})
    return order["order_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/orders/none", None, 404),
        ("get", "/orders/{unreadable}", None, 409),
        ("put", "/orders/{order}", {"status": "COMPLETED"}, 409),
        ("put", "/orders/{order}", {"status": "NONE"}, 400),
        ("post", "/orders", {"item": "x\u200by", "quantity": "1", "customer_email": "x"}, 400),
        ("get", "/orders?cursor=x", None, 400),
        ("post", "/lifecycle", {}, 405),
    ],
)
def test_every_problem_of_the_api_is_in_english(api, method, path, body, status):
    path = path.format(order=api.place()["order_id"], unreadable=unreadable(api))
    english, german = (
        getattr(api.client, method)(
            path,
            **({} if body is None else {"data": body, "content_type": "application/json"}),
            headers={**api.headers, "Accept-Language": language},
        )
        for language in ("en", "de")
    )
    assert (german.status_code, german.content) == (status, english.content)


def test_a_missing_permission_is_stated_in_english_by_the_api_and_in_german_on_a_page(sign_in, api):
    vera, order_id = sign_in("Order viewers"), api.place()["order_id"]
    problem = vera.post("/orders", {}, content_type="application/json", headers={"Accept-Language": "de"}).json()
    assert (problem["code"], problem["detail"]) == (
        "missing_permission",
        "You do not have the permission 'Can add order'. Ask an administrator for the group \"Order managers\".",
    )
    page = vera.get(f"/dashboard/orders/{order_id}/delete/?version=1", headers=GERMAN).content.decode()
    assert "Ihnen fehlt die Berechtigung „Can delete order“." in page


def test_the_log_is_in_english_while_a_page_is_in_german(anna, api, caplog):
    order_id = unreadable(api)
    page = anna.get(f"/dashboard/orders/{order_id}/", headers=GERMAN).content.decode()
    assert "quantity: Text; erwartet: eine Zahl." in page
    [line] = [record.getMessage() for record in caplog.records if record.name == "orders.dynamodb.operations"]
    assert line.startswith(f"Order {order_id} cannot be read: quantity is text, not a number.")


def test_the_language_ends_with_the_request(db):
    Client().get("/admin/login/", headers=GERMAN)
    assert translation.get_language() == "en"


def test_commands_print_english(db, table, capsys, monkeypatch):
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    call_command("expire_orders")
    assert "xpired" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "zone", "text"),
    [
        ("en", "Asia/Kolkata", "24 Nov 2026, 23:53 IST"),
        ("de", "Asia/Kolkata", "24. Nov 2026, 23:53 IST"),
        ("en", "UTC", "24 Nov 2026, 18:23 UTC"),
        ("de", "Europe/Berlin", "24. Nov 2026, 19:23 CET"),
        ("en", "Asia/Dubai", "24 Nov 2026, 22:23 +04"),
    ],
)
def test_a_time_names_its_zone(language, zone, text):
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        shown = moment(AT)
    assert f">{text}</time>" in shown
    assert '<time datetime="2026-11-24T18:23:00+00:00"' in shown


@pytest.mark.parametrize(
    ("language", "day", "month_day"), [("en", "24 Nov 2026", "24 Nov"), ("de", "24. Nov 2026", "24. Nov")]
)
def test_a_date_has_the_form_of_the_language(language, day, month_day):
    with translation.override(language):
        assert (date_format(AT.date()), date_format(AT.date(), "MONTH_DAY_FORMAT")) == (day, month_day)


@pytest.mark.parametrize(("language", "text"), [("en", "1,234,567"), ("de", "1.234.567")])
def test_a_number_is_grouped_as_in_the_language(anna, api, language, text):
    order = api.place(quantity=1_000_000)
    page = anna.get(f"/dashboard/orders/{order['order_id']}/", headers={**BROWSER, "Accept-Language": language})
    shown = text.replace("234", "000").replace("567", "000")
    assert shown in page.content.decode()


def test_a_capped_count_has_no_group():
    assert (capped(999), capped(1000)) == ("999", "999+")

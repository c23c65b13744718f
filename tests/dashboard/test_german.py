"""A German page shows statuses in German; URLs, form values and files contain the codes."""

import re
from datetime import timedelta

import pytest
from django.utils import translation

from orders.lifecycle import Status
from orders.templatetags.orders_display import age
from tests.contract.order_helpers import NOW, ids, move, overwrite, place_many, placed, set_outside
from tests.dashboard.html_page import Page

GERMAN = {"Accept": "text/html", "Accept-Language": "de"}
CODES = re.compile("|".join(Status))
DETAIL = "/dashboard/orders/{}/"


@pytest.fixture
def order(table):
    return placed()


def german(response):
    page = Page(response)
    assert CODES.findall(page.text) == []
    return page


def test_the_list_and_its_filters(anna, table):
    for status in Status:
        placed(status=status)
    page = german(anna.get("/dashboard/?status=CANCELLED", headers=GERMAN))
    assert "Status: Storniert" in page.text
    assert page.link("In Bearbeitung") == "/dashboard/?status=PROCESSING"
    german(anna.get("/dashboard/", headers=GERMAN))


def test_an_invalid_filter(anna, table):
    assert "Status" in german(anna.get("/dashboard/?status=NONE", headers=GERMAN)).text


def test_the_page_of_an_order(anna, order):
    assert "Ausstehend" in german(anna.get(DETAIL.format(order.order_id), headers=GERMAN)).text


def test_an_action_on_many_orders(anna, table):
    orders = place_many(3)
    move(orders[0].order_id, Status.PROCESSING)
    move(orders[0].order_id, Status.COMPLETED)
    form = {"action": "cancel", "id": ids(orders)}
    preview = german(anna.post("/dashboard/bulk/preview/", form, headers=GERMAN))
    assert preview.text.count("erhält den Status Storniert") == 2
    assert "bleibt unverändert: Status Abgeschlossen" in preview.text
    assert "Der Status Storniert ist endgültig." in preview.text
    data = preview.form("/dashboard/bulk/apply/").data()
    move(orders[1].order_id, Status.PROCESSING)
    result = german(anna.post("/dashboard/bulk/apply/", data, headers=GERMAN))
    assert result.text.count("hat jetzt den Status Storniert") == 1
    assert "hat jetzt den Status In Bearbeitung" in result.text


def test_the_confirmation_of_a_change(anna, order):
    page = german(anna.get(f"{DETAIL.format(order.order_id)}status/?to=CANCELLED&version=1", headers=GERMAN))
    assert "Der neue Status ist Storniert." in page.text
    assert page.form(f"{DETAIL.format(order.order_id)}status/").data()["to"] == ["CANCELLED"]


@pytest.mark.parametrize("to", ["PROCESSING", "CANCELLED"])
def test_a_conflict(anna, order, to):
    move(order.order_id, Status.PROCESSING)
    move(order.order_id, Status.COMPLETED)
    change = {"to": to, "version": 1}
    page = german(anna.post(f"{DETAIL.format(order.order_id)}status/", change, headers=GERMAN))
    assert "Der Wechsel von Abgeschlossen zu" in page.text


def test_a_change_that_is_still_possible_after_a_conflict(anna, order):
    move(order.order_id, Status.PROCESSING)
    change = {"to": "CANCELLED", "version": 1}
    page = german(anna.post(f"{DETAIL.format(order.order_id)}status/", change, headers=GERMAN))
    form = page.form(f"{DETAIL.format(order.order_id)}status/")
    assert list(form.buttons) == ["Trotzdem auf Storniert setzen"]
    assert form.data()["to"] == ["CANCELLED"]


def test_the_message_after_a_change(anna, sign_in, order):
    url = f"{DETAIL.format(order.order_id)}status/"
    change = {"to": "PROCESSING", "version": 1}
    changed = german(anna.post(url, change, headers=GERMAN, follow=True))
    assert "Die Bestellung hat jetzt den Status In Bearbeitung." in changed.text
    other = placed()
    move(other.order_id, Status.PROCESSING)
    ben = sign_in("Order managers", name="ben")
    again = german(ben.post(f"{DETAIL.format(other.order_id)}status/", change, headers=GERMAN, follow=True))
    assert "Die Bestellung hatte bereits den Status In Bearbeitung." in again.text


def test_an_order_that_another_program_changed(anna, order):
    move(order.order_id, Status.PROCESSING)
    set_outside(order.order_id, "COMPLETED")
    page = german(anna.get(DETAIL.format(order.order_id), headers=GERMAN))
    assert "den Status auf Abgeschlossen gesetzt" in page.text


def test_the_csv_is_the_same_in_every_language(anna, order):
    overwrite(placed().order_id, quantity={"S": "two"})
    files = [
        b"".join(anna.get("/dashboard/export.csv", headers={"Accept-Language": language}).streaming_content)
        for language in ("de", "en")
    ]
    assert files[0] == files[1]
    assert b",PENDING," in files[0]
    assert b",UNREADABLE," in files[0]


@pytest.mark.parametrize(
    ("minutes", "text"), [(1, "vor 1 Minute"), (120, "vor 2 Stunden"), (60 * 24 * 3, "vor 3 Tagen"), (0, "gerade eben")]
)
def test_an_age(minutes, text):
    with translation.override("de"):
        assert text in age(NOW - timedelta(minutes=minutes), NOW).replace("\xa0", " ")

"""Unreadable orders of another program, and orders whose status another program has set."""

import csv
import io
import json

import pytest

from orders import store
from orders.lifecycle import Status
from tests.contract.order_helpers import ids, overwrite, place_many, placed, put, set_outside, stored
from tests.dashboard.html_page import Page, get_page, submit


@pytest.fixture
def orders(table):
    """Three orders of one customer, newest first; the second cannot be read."""
    orders = place_many(3, customer_email="ann@example.com")
    overwrite(orders[1].order_id, quantity={"S": "a couple"}, status={"S": "SHIPPED"})
    return orders


@pytest.fixture
def order_id(orders):
    return orders[1].order_id


def url(order_id, page=""):
    return f"/dashboard/orders/{order_id}/{page}"


@pytest.mark.parametrize("query", ["", "?status=PENDING", "?customer_email=ann@example.com"])
def test_the_list_shows_an_unreadable_order_and_what_is_wrong(anna, orders, query):
    page = get_page(anna, f"/dashboard/{query}")
    assert page.listed() == ids(orders)
    assert "Unreadable quantity is text, not a number. status is 'SHIPPED', which is not a status." in page.text


def test_the_first_row_can_be_an_unreadable_order(anna, orders):
    overwrite(orders[0].order_id, item={"L": []})
    assert get_page(anna, "/dashboard/").listed() == ids(orders)


def test_an_id_that_fits_no_url_is_shown_without_a_link(anna, orders):
    item = stored(orders[0].order_id)
    put({**item, "order_id": {"S": "a/b"}, "created_key": {"S": item["created_key"]["S"][:28] + "a/b"}})
    page = get_page(anna, "/dashboard/")
    assert "a/b Unreadable order_id is 'a/b'" in page.text
    assert set(page.listed()) == set(ids(orders))


def test_live_updates_show_an_unreadable_order(anna, orders, order_id):
    response = anna.get("/dashboard/live/", {"id": ids(orders)})
    assert response.status_code == 200
    assert f'id="status-{order_id}"' in response.content.decode()
    assert Page(response).text.count("Unreadable") == 1


def test_the_page_shows_what_is_wrong_and_the_stored_data(anna, order_id):
    page = get_page(anna, url(order_id), status=409)
    assert order_id in page.text
    assert "quantity is text, not a number." in page.text
    assert "status is 'SHIPPED', which is not a status." in page.text
    assert '"quantity": "a couple"' in page.text
    assert page.link("Raw JSON") == url(order_id, "raw/")
    assert page.has_link("Delete")
    assert not [action for action in page.actions() if action.startswith("/dashboard/orders/")]


def test_the_stored_item_of_an_unreadable_order_can_be_opened(anna, order_id):
    response = anna.get(url(order_id, "raw/"))
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert response.json()["quantity"] == "a couple"
    assert json.loads(response.content).keys() == stored(order_id).keys()


def test_an_item_with_foreign_types_is_shown(anna, order_id):
    overwrite(order_id, item={"BS": [b"\x00"]}, customer_name={"NULL": True}, extra={"M": {"a": {"BOOL": True}}})
    assert '"a": true' in get_page(anna, url(order_id), status=409).text


def test_an_unreadable_order_can_be_deleted_after_a_confirmation(anna, order_id):
    page = get_page(anna, get_page(anna, url(order_id), status=409).link("Delete"))
    assert f"Order {order_id} cannot be read: quantity" in page.text
    assert stored(order_id) is not None
    response = submit(anna, page.form(url(order_id, "delete-unreadable/")), "Delete order")
    assert (response.status_code, response["Location"]) == (302, "/dashboard/")
    assert stored(order_id) is None


def test_deleting_is_not_offered_without_the_permission(viewer, order_id):
    assert not get_page(viewer, url(order_id), status=409).has_link("Delete")
    for send in (viewer.get, viewer.post):
        assert send(url(order_id, "delete-unreadable/")).status_code == 403
    assert stored(order_id) is not None


def test_an_order_that_can_be_read_is_not_deleted_without_its_version(anna):
    order = placed()
    for send in (anna.get, anna.post):
        response = send(url(order.order_id, "delete-unreadable/"))
        assert (response.status_code, response["Location"]) == (302, url(order.order_id))
    assert "can be read now, so it was not deleted" in get_page(anna, url(order.order_id)).text
    assert store.get(order.order_id).version == 1


def test_deleting_an_unreadable_order_twice_is_no_error(anna, order_id):
    for _ in range(2):
        assert anna.post(url(order_id, "delete-unreadable/")).status_code == 302
    assert "was already deleted" in get_page(anna, "/dashboard/").text


@pytest.mark.parametrize(("page", "data"), [("status/", {"to": "PROCESSING"}), ("delete/", {})])
def test_a_form_opened_before_the_order_became_unreadable_writes_nothing(anna, order_id, page, data):
    before = stored(order_id)
    for send in (anna.get, anna.post):
        response = send(url(order_id, page), {**data, "version": "2"})
        assert response.status_code == 409
        assert "quantity is text, not a number." in Page(response).text
    assert stored(order_id) == before


@pytest.mark.parametrize("action", ["process", "complete", "cancel", "delete"])
def test_a_bulk_action_does_not_change_an_unreadable_order_and_shows_why(anna, orders, order_id, action):
    before = stored(order_id)
    page = Page(anna.post("/dashboard/bulk/preview/", {"action": action, "id": ids(orders)}))
    assert "Unreadable cannot be changed, because it cannot be read: quantity is text, not a number." in page.text
    assert order_id not in str(page.form("/dashboard/bulk/apply/").fields)
    seen = [f"{order_id}:2"]
    outcome = Page(anna.post("/dashboard/bulk/apply/", {"action": action, "seen": seen}))
    assert "cannot be read: quantity is text, not a number." in outcome.text
    assert "0 orders were changed, 1 was not changed." in outcome.text
    assert stored(order_id) == before


def test_an_order_that_becomes_unreadable_after_the_preview_does_not_stop_the_others(anna):
    orders = place_many(3)
    page = Page(anna.post("/dashboard/bulk/preview/", {"action": "cancel", "id": ids(orders)}))
    overwrite(orders[1].order_id, quantity={"S": "a couple"})
    outcome = Page(submit(anna, page.form("/dashboard/bulk/apply/"), "Cancel 3 orders"))
    assert outcome.text.count("became CANCELLED") == 2
    assert outcome.text.count("cannot be read: quantity is text, not a number.") == 1


def test_the_export_has_a_line_for_an_unreadable_order(anna, orders, order_id):
    text = anna.get("/dashboard/export.csv").getvalue().decode().removeprefix("\ufeff")
    rows = {row["order_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert list(rows) == ids(orders)
    assert rows[order_id]["status"] == "UNREADABLE"
    assert rows[order_id]["item"].startswith("quantity is text, not a number.")
    assert rows[order_id]["quantity"] == ""


def test_a_search_finds_an_unreadable_order(anna, order_id):
    response = anna.get("/dashboard/search/", {"q": order_id})
    assert response["Location"] == url(order_id)


def test_the_overview_and_the_counts_work_with_an_unreadable_order(anna, orders):
    assert get_page(anna, "/dashboard/overview/?count=1")
    assert anna.get("/dashboard/counts/", headers={"HX-Request": "true"}).status_code == 200


# --- A status that another program has set ----------------------------------------------------------------------------


@pytest.fixture
def outside(table):
    order_id = placed().order_id
    set_outside(order_id, "PROCESSING")
    return order_id


def test_the_page_shows_that_another_program_set_the_status(anna, outside):
    page = get_page(anna, url(outside))
    assert "Another program set the status to PROCESSING." in page.text
    page = get_page(anna, page.link("Complete"))
    assert submit(anna, page.form(url(outside, "status/")), "Complete order").status_code == 302
    page = get_page(anna, url(outside))
    assert "The order is now COMPLETED." in page.text
    assert "Another program set" not in page.text
    assert "PROCESSING another program, detected on" in page.text
    assert "COMPLETED anna (staff)" in page.text


def test_a_change_by_another_program_is_a_conflict(anna):
    order = placed()
    form = get_page(anna, url(order.order_id)).form(url(order.order_id, "status/"), button="Start processing")
    set_outside(order.order_id, "CANCELLED")
    response = submit(anna, form, "Start processing")
    assert response.status_code == 409
    page = Page(response)
    assert "The order has changed" in page.text
    assert "You saw PENDING" in page.text
    assert "Current status CANCELLED Another program set this status." in page.text


def test_a_conflict_shows_the_status_that_another_program_had_set(anna, outside):
    cancel = get_page(anna, url(outside)).link("Cancel order")
    store.change_status(outside, Status.COMPLETED, at=store.get(outside).created_at, by="staff:bela")
    page = get_page(anna, cancel, status=409)
    assert "You saw PROCESSING" in page.text
    assert "Current status COMPLETED" in page.text


def test_an_order_changed_by_another_program_can_be_deleted(anna, outside):
    page = get_page(anna, get_page(anna, url(outside)).link("Delete"))
    assert submit(anna, page.form(url(outside, "delete/")), "Delete order").status_code == 302
    assert stored(outside) is None


def test_a_bulk_action_uses_the_status_that_another_program_set(anna, outside):
    page = Page(anna.post("/dashboard/bulk/preview/", {"action": "complete", "id": [outside]}))
    assert "will become COMPLETED" in page.text
    outcome = Page(submit(anna, page.form("/dashboard/bulk/apply/"), "Complete 1 order"))
    assert "became COMPLETED" in outcome.text
    assert store.get(outside).revision == 3


def test_a_bulk_action_does_not_change_an_order_that_another_program_changed_after_the_preview(anna):
    order = placed()
    page = Page(anna.post("/dashboard/bulk/preview/", {"action": "process", "id": [order.order_id]}))
    set_outside(order.order_id, "CANCELLED")
    outcome = Page(submit(anna, page.form("/dashboard/bulk/apply/"), "Start processing 1 order"))
    assert "was not changed: it has changed since the preview and is now CANCELLED" in outcome.text

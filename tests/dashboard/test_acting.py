"""Actions on one order: confirmation, the version that the user saw, and conflicts."""

import pytest
from django.contrib.messages import get_messages

from orders import store
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.order_helpers import LATER, move, placed, stored
from tests.dashboard.html_page import Page, get_page, submit

GARBAGE = ["", "one", "-1", "1.5", "1e3", "9" * 16, "9" * 5000, "\0", None]


def status_url(order):
    return f"/dashboard/orders/{order.order_id}/status/"


def delete_url(order):
    return f"/dashboard/orders/{order.order_id}/delete/"


def detail_url(order):
    return f"/dashboard/orders/{order.order_id}/"


def shown_messages(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def change(browser, order, to, version=1, **more):
    return browser.post(status_url(order), {"to": to, "version": version, **more})


def state(order):
    now = store.get(order.order_id)
    return now.status, now.version


# --- It goes well -----------------------------------------------------------------------------------------------------


def test_a_button_changes_the_status_and_shows_a_message(anna):
    order = placed()
    form = get_page(anna, detail_url(order)).form(status_url(order), button="Start processing")
    response = submit(anna, form, "Start processing")
    assert (response.status_code, response["Location"]) == (302, detail_url(order))
    assert shown_messages(response) == ["The order is now PROCESSING."]
    assert state(order) == (Status.PROCESSING, 2)
    assert store.get(order.order_id).history[-1].by == "staff:anna"


def test_a_double_click_changes_the_order_once(anna):
    order = placed()
    form = get_page(anna, detail_url(order)).form(status_url(order), button="Start processing")
    responses = [submit(anna, form, "Start processing") for _ in range(2)]
    assert [response.status_code for response in responses] == [302, 302]
    assert state(order) == (Status.PROCESSING, 2)
    assert len(store.get(order.order_id).history) == 2


def test_a_double_click_reports_the_change_both_times(anna):
    order = placed()
    for _ in range(2):
        assert shown_messages(change(anna, order, "PROCESSING"))[-1] == "The order is now PROCESSING."


def test_a_change_by_someone_else_is_not_reported_as_the_users_own(anna):
    order = placed()
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="api-key:shop")
    response = change(anna, order, "PROCESSING")
    assert (response.status_code, response["Location"]) == (302, detail_url(order))
    assert shown_messages(response) == ["The order was already PROCESSING. Nothing was changed."]
    assert store.get(order.order_id).history[-1].by == "api-key:shop"


def test_cancelling_needs_a_confirmation(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë")
    confirm = get_page(anna, get_page(anna, detail_url(order)).link("Cancel order"))
    assert "Cancel this order?" in confirm.text
    assert f"3 × Oak table for Zoë Order {order.order_id} PENDING" in confirm.text
    assert "The new status is CANCELLED. This status is final." in confirm.text
    assert state(order) == (Status.PENDING, 1)
    submit(anna, confirm.form(status_url(order)), "Cancel order")
    assert state(order) == (Status.CANCELLED, 2)


def test_completing_needs_a_confirmation(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë", status=Status.PROCESSING)
    page = get_page(anna, detail_url(order))
    assert status_url(order) not in page.actions()
    confirm = get_page(anna, page.link("Complete order"))
    assert "Complete this order?" in confirm.text
    assert f"3 × Oak table for Zoë Order {order.order_id} PROCESSING" in confirm.text
    assert "The new status is COMPLETED. This status is final." in confirm.text
    assert confirm.link("Back") == detail_url(order)
    assert state(order) == (Status.PROCESSING, order.version)
    response = submit(anna, confirm.form(status_url(order)), "Complete order")
    assert shown_messages(response) == ["The order is now COMPLETED."]
    assert state(order) == (Status.COMPLETED, order.version + 1)


def test_completing_a_changed_order_shows_the_conflict_and_the_order(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë", status=Status.PROCESSING)
    link = get_page(anna, detail_url(order)).link("Complete order")
    move(order.order_id, Status.CANCELLED)
    page = get_page(anna, link, status=409)
    assert f"3 × Oak table for Zoë Order {order.order_id} CANCELLED" in page.text
    assert "You requested COMPLETED" in page.text
    assert "An order that is CANCELLED cannot become COMPLETED." in page.text
    assert state(order) == (Status.CANCELLED, order.version + 1)


def test_deleting_needs_a_confirmation(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë")
    confirm = get_page(anna, get_page(anna, detail_url(order)).link("Delete"))
    assert "Delete this order?" in confirm.text
    assert f"3 × Oak table for Zoë Order {order.order_id} PENDING" in confirm.text
    assert "The order and its history will be deleted. This cannot be undone." in confirm.text
    assert confirm.link("Back") == detail_url(order)
    assert stored(order.order_id)
    response = submit(anna, confirm.form(delete_url(order)), "Delete order")
    assert (response["Location"], shown_messages(response)) == ("/dashboard/", [f"Order {order.order_id} was deleted."])
    assert stored(order.order_id) is None


def test_deleting_twice_shows_a_message_and_no_error(anna):
    order = placed()
    responses = [anna.post(delete_url(order), {"version": "1"}) for _ in range(2)]
    assert [response["Location"] for response in responses] == ["/dashboard/", "/dashboard/"]
    assert shown_messages(responses[1])[-1] == "The order was already deleted."


def test_the_confirmation_page_of_a_deleted_order_is_a_404(anna):
    order = placed()
    order.delete()
    for url in (f"{delete_url(order)}?version=1", f"{status_url(order)}?to=CANCELLED&version=1"):
        assert f"There is no order {order.order_id}." in get_page(anna, url, status=404).text


def test_changing_a_deleted_order_is_a_404(anna):
    order = placed()
    order.delete()
    response = change(anna, order, "PROCESSING")
    assert response.status_code == 404
    assert f"There is no order {order.order_id}." in Page(response).text
    assert stored(order.order_id) is None


# --- Overtaken --------------------------------------------------------------------------------------------------------


def test_a_change_based_on_an_old_version_shows_the_conflict_and_writes_nothing(anna):
    order = placed()
    confirm = get_page(anna, get_page(anna, detail_url(order)).link("Cancel order"))
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="staff:otto")
    response = submit(anna, confirm.form(status_url(order)), "Cancel order")
    assert response.status_code == 409
    page = Page(response)
    assert "The order has changed" in page.text
    assert "You saw PENDING You requested CANCELLED" in page.text
    assert "Current status PROCESSING" in page.text
    assert "otto (staff)" in page.text
    assert page.link("Leave unchanged") == detail_url(order)
    assert state(order) == (Status.PROCESSING, 2)


def test_a_conflicting_change_can_be_applied_anyway(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    page = Page(change(anna, order, "CANCELLED", version=1))
    response = submit(anna, page.form(status_url(order)), "Change to CANCELLED anyway")
    assert response.status_code == 302
    assert state(order) == (Status.CANCELLED, 3)


def test_a_second_conflict_is_shown_again(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    form = Page(change(anna, order, "CANCELLED", version=1)).form(status_url(order))
    move(order.order_id, Status.COMPLETED)
    response = submit(anna, form, "Change to CANCELLED anyway")
    assert response.status_code == 409
    page = Page(response)
    assert "An order that is COMPLETED cannot become CANCELLED." in page.text
    assert status_url(order) not in page.actions()
    assert state(order) == (Status.COMPLETED, 3)


def test_deleting_a_changed_order_shows_the_conflict_and_can_be_confirmed(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    response = anna.post(delete_url(order), {"version": "1"})
    assert response.status_code == 409
    page = Page(response)
    assert "You saw PENDING You requested deletion" in page.text
    assert stored(order.order_id)
    submit(anna, page.form(delete_url(order)), "Delete anyway")
    assert stored(order.order_id) is None


def test_the_confirmation_page_of_a_changed_order_shows_the_conflict(anna):
    order = placed()
    link = get_page(anna, detail_url(order)).link("Cancel order")
    move(order.order_id, Status.PROCESSING)
    assert "You saw PENDING" in get_page(anna, link, status=409).text
    assert state(order) == (Status.PROCESSING, 2)


# --- What cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (Status.PENDING, "COMPLETED"),
        (Status.COMPLETED, "PROCESSING"),
        (Status.COMPLETED, "CANCELLED"),
        (Status.CANCELLED, "PROCESSING"),
        (Status.EXPIRED, "CANCELLED"),
    ],
)
def test_an_illegal_transition_is_refused_with_a_message_and_writes_nothing(anna, status, to):
    order = placed(status=status)
    before = stored(order.order_id)
    for response in (
        change(anna, order, to, version=order.version),
        anna.get(f"{status_url(order)}?to={to}&version={order.version}"),
    ):
        assert response.status_code == 409
        page = Page(response)
        assert f"The order cannot become {to}" in page.text
        assert "The order has changed" not in page.text
        assert f"An order that is {status} cannot become {to}." in page.text
        assert status_url(order) not in page.actions()
    assert stored(order.order_id) == before


@pytest.mark.parametrize("to", ["EXPIRED", "PENDING", "SHIPPED", "", "completed\0"])
def test_staff_cannot_set_statuses_without_transitions(anna, to):
    order = placed()
    before = stored(order.order_id)
    for response in (change(anna, order, to), anna.get(status_url(order), {"to": to, "version": "1"})):
        assert (response.status_code, response["Location"]) == (302, detail_url(order))
        assert "That request was not valid. Nothing was changed." in shown_messages(response)[0]
    for action in ("EXPIRED", "expire", "PENDING", to):
        for url in ("/dashboard/bulk/preview/", "/dashboard/bulk/apply/"):
            data = {"action": action, "id": order.order_id, "seen": f"{order.order_id}:1"}
            assert anna.post(url, data).status_code == 400
    assert stored(order.order_id) == before


def test_confirming_the_current_status_shows_that_the_order_already_has_it(anna):
    order = placed(status=Status.CANCELLED)
    response = anna.get(f"{status_url(order)}?to=CANCELLED&version=1")
    assert (response.status_code, response["Location"]) == (302, detail_url(order))
    assert shown_messages(response) == ["The order is already CANCELLED."]


def test_the_confirmation_page_names_the_change(anna):
    order = placed()
    page = get_page(anna, f"{status_url(order)}?to=PROCESSING&version=1")
    assert "Start processing this order?" in page.text
    assert "The new status is PROCESSING." in page.text
    assert "final" not in page.text
    assert set(page.form(status_url(order)).buttons) == {"Start processing"}


@pytest.mark.parametrize("version", GARBAGE)
def test_a_form_without_a_valid_version_writes_nothing_and_shows_a_message(anna, version):
    order = placed()
    data = {} if version is None else {"version": version}
    before = stored(order.order_id)
    for url, more in ((status_url(order), {"to": "PROCESSING"}), (delete_url(order), {})):
        for send in (anna.post, anna.get):
            response = send(url, {**data, **more})
            assert (response.status_code, response["Location"]) == (302, detail_url(order))
            assert "That request was not valid. Nothing was changed." in shown_messages(response)[-1]
    assert stored(order.order_id) == before


@pytest.mark.parametrize("version", ["0", "2", "999999999999999"])
def test_a_version_that_never_existed_is_a_conflict(anna, version):
    order = placed()
    before = stored(order.order_id)
    assert change(anna, order, "PROCESSING", version=version).status_code == 409
    assert anna.post(delete_url(order), {"version": version}).status_code == 409
    assert stored(order.order_id) == before


def test_get_and_head_write_nothing(anna):
    order = placed()
    query = {"to": "PROCESSING", "version": "1"}
    for send in (anna.get, anna.head):
        for url in (status_url(order), delete_url(order)):
            assert send(url, query).status_code == 200
    for send in (anna.put, anna.patch, anna.delete, anna.options):
        for url in (status_url(order), delete_url(order), detail_url(order), "/dashboard/"):
            assert send(url, query).status_code == 405
    assert state(order) == (Status.PENDING, 1)
    assert [found.order_id for found in Order.scan()] == [order.order_id]

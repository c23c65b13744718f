"""Acting on one order: what was seen is what is acted on; who was overtaken decides."""

import pytest
from django.contrib.messages import get_messages

from orders import store
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.order_helpers import LATER, move, placed, stored
from tests.dashboard.reading import Page, press, see

GARBAGE = ["", "one", "-1", "1.5", "1e3", "9" * 16, "9" * 5000, "\0", None]


def status_address(order):
    return f"/dashboard/orders/{order.order_id}/status/"


def delete_address(order):
    return f"/dashboard/orders/{order.order_id}/delete/"


def detail_address(order):
    return f"/dashboard/orders/{order.order_id}/"


def notices(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def change(browser, order, to, version=1, **more):
    return browser.post(status_address(order), {"to": to, "version": version, **more})


def state(order):
    now = store.get(order.order_id)
    return now.status, now.version


# --- It goes well -----------------------------------------------------------------------------------------------------


def test_a_button_moves_the_order_and_says_so(anna):
    order = placed()
    form = see(anna, detail_address(order)).form(status_address(order), button="Start processing")
    response = press(anna, form, "Start processing")
    assert (response.status_code, response["Location"]) == (302, detail_address(order))
    assert notices(response) == ["The order is now PROCESSING."]
    assert state(order) == (Status.PROCESSING, 2)
    assert store.get(order.order_id).history[-1].by == "staff:anna"


def test_a_double_click_acts_once_and_both_answers_say_what_is_so(anna):
    order = placed()
    form = see(anna, detail_address(order)).form(status_address(order), button="Start processing")
    answers = [press(anna, form, "Start processing") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert state(order) == (Status.PROCESSING, 2)
    assert len(store.get(order.order_id).history) == 2


def test_a_double_click_reports_the_change_both_times(anna):
    order = placed()
    for _ in range(2):
        assert notices(change(anna, order, "PROCESSING"))[-1] == "The order is now PROCESSING."


def test_a_change_that_somebody_else_made_is_not_credited_to_the_person(anna):
    order = placed()
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="api-key:shop")
    response = change(anna, order, "PROCESSING")
    assert (response.status_code, response["Location"]) == (302, detail_address(order))
    assert notices(response) == ["The order was already PROCESSING. Nothing was changed."]
    assert store.get(order.order_id).history[-1].by == "api-key:shop"


def test_cancelling_asks_first_and_then_does_it(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë")
    confirm = see(anna, see(anna, detail_address(order)).link("Cancel order"))
    assert "Cancel this order?" in confirm.words
    assert f"3 × Oak table for Zoë Order {order.order_id} PENDING" in confirm.words
    assert "The new status is CANCELLED. This status is final." in confirm.words
    assert state(order) == (Status.PENDING, 1)
    press(anna, confirm.form(status_address(order)), "Cancel order")
    assert state(order) == (Status.CANCELLED, 2)


def test_completing_asks_first_and_then_does_it(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë", status=Status.PROCESSING)
    page = see(anna, detail_address(order))
    assert status_address(order) not in page.actions()
    confirm = see(anna, page.link("Complete order"))
    assert "Complete this order?" in confirm.words
    assert f"3 × Oak table for Zoë Order {order.order_id} PROCESSING" in confirm.words
    assert "The new status is COMPLETED. This status is final." in confirm.words
    assert confirm.link("Back") == detail_address(order)
    assert state(order) == (Status.PROCESSING, order.version)
    response = press(anna, confirm.form(status_address(order)), "Complete order")
    assert notices(response) == ["The order is now COMPLETED."]
    assert state(order) == (Status.COMPLETED, order.version + 1)


def test_completing_an_order_that_has_changed_shows_both_sides_and_names_the_order(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë", status=Status.PROCESSING)
    link = see(anna, detail_address(order)).link("Complete order")
    move(order.order_id, Status.CANCELLED)
    page = see(anna, link, status=409)
    assert f"3 × Oak table for Zoë Order {order.order_id} CANCELLED" in page.words
    assert "You requested COMPLETED" in page.words
    assert "An order that is CANCELLED cannot become COMPLETED." in page.words
    assert state(order) == (Status.CANCELLED, order.version + 1)


def test_deleting_asks_first_and_then_does_it(anna):
    order = placed(item="Oak table", quantity=3, customer_name="Zoë")
    confirm = see(anna, see(anna, detail_address(order)).link("Delete"))
    assert "Delete this order?" in confirm.words
    assert f"3 × Oak table for Zoë Order {order.order_id} PENDING" in confirm.words
    assert "The order and its history will be deleted. This cannot be undone." in confirm.words
    assert confirm.link("Back") == detail_address(order)
    assert stored(order.order_id)
    response = press(anna, confirm.form(delete_address(order)), "Delete order")
    assert (response["Location"], notices(response)) == ("/dashboard/", [f"Order {order.order_id} was deleted."])
    assert stored(order.order_id) is None


def test_deleting_twice_is_no_error_and_says_so(anna):
    order = placed()
    answers = [anna.post(delete_address(order), {"version": "1"}) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == ["/dashboard/", "/dashboard/"]
    assert notices(answers[1])[-1] == "The order was already deleted."


def test_asking_whether_to_delete_an_order_that_is_gone_says_so(anna):
    order = placed()
    order.delete()
    for address in (f"{delete_address(order)}?version=1", f"{status_address(order)}?to=CANCELLED&version=1"):
        assert f"There is no order {order.order_id}." in see(anna, address, status=404).words


def test_moving_an_order_that_is_gone_says_so(anna):
    order = placed()
    order.delete()
    response = change(anna, order, "PROCESSING")
    assert response.status_code == 404
    assert f"There is no order {order.order_id}." in Page(response).words
    assert stored(order.order_id) is None


# --- Overtaken --------------------------------------------------------------------------------------------------------


def test_who_was_overtaken_sees_both_sides_and_nothing_is_written(anna):
    order = placed()
    confirm = see(anna, see(anna, detail_address(order)).link("Cancel order"))
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="staff:otto")
    response = press(anna, confirm.form(status_address(order)), "Cancel order")
    assert response.status_code == 409
    page = Page(response)
    assert "The order has changed" in page.words
    assert "You saw PENDING You requested CANCELLED" in page.words
    assert "Current status PROCESSING" in page.words
    assert "otto (staff)" in page.words
    assert page.link("Leave unchanged") == detail_address(order)
    assert state(order) == (Status.PROCESSING, 2)


def test_who_was_overtaken_may_decide_to_act_all_the_same(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    page = Page(change(anna, order, "CANCELLED", version=1))
    response = press(anna, page.form(status_address(order)), "Change to CANCELLED anyway")
    assert response.status_code == 302
    assert state(order) == (Status.CANCELLED, 3)


def test_who_is_overtaken_again_while_deciding_is_asked_again(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    form = Page(change(anna, order, "CANCELLED", version=1)).form(status_address(order))
    move(order.order_id, Status.COMPLETED)
    response = press(anna, form, "Change to CANCELLED anyway")
    assert response.status_code == 409
    page = Page(response)
    assert "An order that is COMPLETED cannot become CANCELLED." in page.words
    assert status_address(order) not in page.actions()
    assert state(order) == (Status.COMPLETED, 3)


def test_deleting_an_order_that_moved_shows_both_sides_and_can_be_insisted_on(anna):
    order = placed()
    move(order.order_id, Status.PROCESSING)
    response = anna.post(delete_address(order), {"version": "1"})
    assert response.status_code == 409
    page = Page(response)
    assert "You saw PENDING You requested deletion" in page.words
    assert stored(order.order_id)
    press(anna, page.form(delete_address(order)), "Delete anyway")
    assert stored(order.order_id) is None


def test_who_asks_whether_to_cancel_what_has_moved_sees_both_sides_at_once(anna):
    order = placed()
    link = see(anna, detail_address(order)).link("Cancel order")
    move(order.order_id, Status.PROCESSING)
    assert "You saw PENDING" in see(anna, link, status=409).words
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
def test_a_change_off_the_arrows_is_refused_in_words_and_writes_nothing(anna, status, to):
    order = placed(status=status)
    before = stored(order.order_id)
    for response in (
        change(anna, order, to, version=order.version),
        anna.get(f"{status_address(order)}?to={to}&version={order.version}"),
    ):
        assert response.status_code == 409
        page = Page(response)
        assert f"The order cannot become {to}" in page.words
        assert "The order has changed" not in page.words
        assert f"An order that is {status} cannot become {to}." in page.words
        assert status_address(order) not in page.actions()
    assert stored(order.order_id) == before


@pytest.mark.parametrize("to", ["EXPIRED", "PENDING", "SHIPPED", "", "completed\0"])
def test_no_form_sets_a_status_that_staff_may_not_set(anna, to):
    order = placed()
    before = stored(order.order_id)
    for response in (change(anna, order, to), anna.get(status_address(order), {"to": to, "version": "1"})):
        assert (response.status_code, response["Location"]) == (302, detail_address(order))
        assert "That request was not valid. Nothing was changed." in notices(response)[0]
    for action in ("EXPIRED", "expire", "PENDING", to):
        for address in ("/dashboard/bulk/preview/", "/dashboard/bulk/apply/"):
            data = {"action": action, "id": order.order_id, "seen": f"{order.order_id}:1"}
            assert anna.post(address, data).status_code == 400
    assert stored(order.order_id) == before


def test_asking_for_what_is_so_already_says_so(anna):
    order = placed(status=Status.CANCELLED)
    response = anna.get(f"{status_address(order)}?to=CANCELLED&version=1")
    assert (response.status_code, response["Location"]) == (302, detail_address(order))
    assert notices(response) == ["The order is already CANCELLED."]


def test_the_question_names_the_change_that_it_is_about(anna):
    order = placed()
    page = see(anna, f"{status_address(order)}?to=PROCESSING&version=1")
    assert "Start processing this order?" in page.words
    assert "The new status is PROCESSING." in page.words
    assert "final" not in page.words
    assert set(page.form(status_address(order)).buttons) == {"Start processing"}


@pytest.mark.parametrize("version", GARBAGE)
def test_a_form_without_a_version_that_was_seen_writes_nothing_and_says_so(anna, version):
    order = placed()
    data = {} if version is None else {"version": version}
    before = stored(order.order_id)
    for address, more in ((status_address(order), {"to": "PROCESSING"}), (delete_address(order), {})):
        for send in (anna.post, anna.get):
            response = send(address, {**data, **more})
            assert (response.status_code, response["Location"]) == (302, detail_address(order))
            assert "That request was not valid. Nothing was changed." in notices(response)[-1]
    assert stored(order.order_id) == before


@pytest.mark.parametrize("version", ["0", "2", "999999999999999"])
def test_a_version_that_the_order_never_had_is_a_conflict(anna, version):
    order = placed()
    before = stored(order.order_id)
    assert change(anna, order, "PROCESSING", version=version).status_code == 409
    assert anna.post(delete_address(order), {"version": version}).status_code == 409
    assert stored(order.order_id) == before


def test_looking_at_a_form_writes_nothing_by_whatever_method(anna):
    order = placed()
    query = {"to": "PROCESSING", "version": "1"}
    for send in (anna.get, anna.head):
        for address in (status_address(order), delete_address(order)):
            assert send(address, query).status_code == 200
    for send in (anna.put, anna.patch, anna.delete, anna.options):
        for address in (status_address(order), delete_address(order), detail_address(order), "/dashboard/"):
            assert send(address, query).status_code == 405
    assert state(order) == (Status.PENDING, 1)
    assert [found.order_id for found in Order.scan()] == [order.order_id]

"""One action on many orders: the preview, its effect, and the result for each order."""

import pytest

from orders import store
from orders.dashboard import bulk
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.fault_proxy import aws_error, drop_response
from tests.contract.order_helpers import LATER, ids, make_too_large, move, other_engine, place_many, placed, stored
from tests.dashboard.html_page import Page, get_page, submit

PREVIEW, APPLY = "/dashboard/bulk/preview/", "/dashboard/bulk/apply/"


@pytest.fixture
def one_of_each(table):
    return {status: placed(status=status) for status in Status}


def select(browser, action, order_ids, **more):
    return browser.post(PREVIEW, {"action": action, "id": order_ids, **more})


def confirmed(browser, page):
    form = page.form(APPLY)
    [button] = form.buttons
    return Page(submit(browser, form, button))


def row(page, order):
    """The text of this order's row."""
    start = page.text.index(order.order_id[:8])
    others = [page.text.find(other[:8], start + 8) for other in ids(list(Order.scan())) if other != order.order_id]
    ends = [end for end in others if end > 0]
    return page.text[start : min(ends, default=None)]


def states(orders):
    return [store.get(order.order_id).status for order in orders]


# --- Preview ----------------------------------------------------------------------------------------------------------

ACTIONS = {
    "process": (Status.PROCESSING, {Status.PENDING}),
    "complete": (Status.COMPLETED, {Status.PROCESSING}),
    "cancel": (Status.CANCELLED, {Status.PENDING, Status.PROCESSING}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_the_preview_shows_the_effect_on_each_order_and_writes_nothing(anna, one_of_each, action):
    to, movable = ACTIONS[action]
    before = {order.order_id: stored(order.order_id) for order in one_of_each.values()}
    page = Page(select(anna, action, ids(list(one_of_each.values()))))
    for status, order in one_of_each.items():
        expected = f"will become {to}" if status in movable else f"will not change, because it is {status}"
        assert expected in row(page, order), status
    assert {order_id: stored(order_id) for order_id in before} == before
    seen = [f"{order.order_id}:{order.version}" for status, order in one_of_each.items() if status in movable]
    assert sorted(page.form(APPLY).data()["seen"]) == sorted(seen)


@pytest.mark.parametrize(
    ("action", "count", "named", "warning"),
    [
        ("process", 1, "Start processing 1 order", None),
        ("complete", 2, "Complete 2 orders", "COMPLETED is final."),
        ("cancel", 2, "Cancel 2 orders", "CANCELLED is final."),
        ("delete", 1, "Delete 1 order", "Deleting cannot be undone."),
    ],
)
def test_the_preview_names_the_action_in_its_title_and_on_its_button(anna, action, count, named, warning):
    status = Status.PROCESSING if action == "complete" else Status.PENDING
    page = Page(select(anna, action, [placed(status=status).order_id for _ in range(count)]))
    assert f"{named}?" in page.text
    assert set(page.form(APPLY).buttons) == {named}
    final = [text for text in ("COMPLETED is final.", "CANCELLED is final.", "cannot be undone.") if text in page.text]
    assert final == ([warning.removeprefix("Deleting ")] if warning else [])


def test_orders_in_every_status_can_be_deleted(anna, one_of_each):
    page = Page(select(anna, "delete", ids(list(one_of_each.values()))))
    assert all("will be deleted" in row(page, order) for order in one_of_each.values())
    assert "5 orders will change, 0 will not." in page.text


def test_the_preview_reports_an_order_that_no_longer_exists(anna):
    order, gone = place_many(2)
    gone.delete()
    page = Page(select(anna, "cancel", ids([order, gone])))
    assert "no longer exists" in page.text
    assert page.form(APPLY).data()["seen"] == [f"{order.order_id}:1"]


def test_a_preview_without_changes_has_no_button(anna):
    page = Page(select(anna, "complete", ids(place_many(2))))
    assert "0 orders will change, 2 will not." in page.text
    assert page.form(APPLY).buttons == {}


def test_without_scripts_whole_page_selects_the_orders_of_the_page(anna):
    orders = place_many(30)
    form = get_page(anna, "/dashboard/").form(PREVIEW)
    page = Page(submit(anna, form, "Cancel orders", all="1"))
    assert sorted(page.form(APPLY).data()["seen"]) == sorted(f"{order.order_id}:1" for order in orders[:25])
    outcome = confirmed(anna, page)
    assert "25 orders were changed." in outcome.text
    assert states(orders) == [Status.CANCELLED] * 25 + [Status.PENDING] * 5


def test_without_whole_page_only_checked_orders_are_selected(anna):
    orders = place_many(3)
    form = get_page(anna, "/dashboard/").form(PREVIEW)
    page = Page(submit(anna, form, "Process", id=orders[1].order_id))
    assert page.form(APPLY).data()["seen"] == [f"{orders[1].order_id}:1"]


def test_the_link_back_keeps_filters_and_page(anna):
    place_many(30)
    form = get_page(anna, get_page(anna, "/dashboard/?status=PENDING").link("Older")).form(PREVIEW)
    [back] = form.data()["back"]
    assert back.startswith("status=PENDING&cursor=")
    preview = Page(submit(anna, form, "Process", all="1"))
    assert preview.link("Back") == f"/dashboard/?{back}"
    assert confirmed(anna, preview).link("Back to orders") == f"/dashboard/?{back}"


# --- Outcome ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_a_confirmed_action_applies_to_the_orders_that_allow_it(anna, one_of_each, action):
    to, movable = ACTIONS[action]
    outcome = confirmed(anna, Page(select(anna, action, ids(list(one_of_each.values())))))
    for status, order in one_of_each.items():
        assert store.get(order.order_id).status == (to if status in movable else status)
    assert outcome.text.count(f"became {to}") == len(movable)
    assert store.get(one_of_each[min(movable)].order_id).history[-1].by == "staff:anna"


def test_deleting_many_orders_deletes_each(anna, one_of_each):
    outcome = confirmed(anna, Page(select(anna, "delete", ids(list(one_of_each.values())))))
    assert outcome.text.count("was deleted") == 5
    assert list(Order.scan()) == []


def test_an_order_that_changed_since_the_preview_is_reported_and_not_changed(anna):
    still, moved, gone = orders = [placed(), placed(), placed()]
    preview = Page(select(anna, "cancel", ids(orders)))
    move(moved.order_id, Status.PROCESSING, at=LATER)
    gone.delete()
    outcome = confirmed(anna, preview)
    assert "became CANCELLED" in row(outcome, still)
    assert "was not changed: it has changed since the preview and is now PROCESSING" in row(outcome, moved)
    assert "was already deleted" in outcome.text
    assert "1 order was changed, 2 were not changed." in outcome.text
    assert states([still, moved]) == [Status.CANCELLED, Status.PROCESSING]
    assert stored(gone.order_id) is None


def test_an_order_that_changed_since_the_preview_is_not_deleted(anna):
    order = placed()
    preview = Page(select(anna, "delete", [order.order_id]))
    move(order.order_id, Status.PROCESSING)
    assert "has changed since the preview" in confirmed(anna, preview).text
    assert stored(order.order_id)


def test_confirming_twice_applies_the_action_once(anna):
    orders = place_many(2)
    preview = Page(select(anna, "process", ids(orders)))
    assert [confirmed(anna, preview).text.count("became PROCESSING") for _ in range(2)] == [2, 2]
    assert [store.get(order.order_id).version for order in orders] == [2, 2]


def test_a_change_by_someone_else_is_not_reported_as_the_users_own(anna):
    mine, theirs, kept = orders = [placed(), placed(), placed()]
    preview = Page(select(anna, "cancel", ids(orders)))
    store.change_status(theirs.order_id, Status.CANCELLED, at=LATER, by="api-key:shop")
    move(kept.order_id, Status.PROCESSING, at=LATER)
    store.change_status(kept.order_id, Status.CANCELLED, at=LATER, by="staff:anna")
    outcome = confirmed(anna, preview)
    assert "became CANCELLED" in row(outcome, mine)
    assert "was already CANCELLED" in row(outcome, theirs)
    assert "was already CANCELLED" in row(outcome, kept)
    assert "1 order was changed, 2 were not changed." in outcome.text
    assert store.get(theirs.order_id).history[-1].by == "api-key:shop"


def test_a_retried_change_is_reported_as_the_users_own(anna, proxy, monkeypatch):
    order = placed()
    preview = Page(select(anna, "cancel", [order.order_id]))
    # A new connection, with this number of attempts. `proxy` has set another number and is torn down before
    # `monkeypatch`, which would then restore that number for all later tests.
    with monkeypatch.context() as patch, other_engine(proxy.endpoint):
        patch.setattr(Order.Meta, "max_retry_attempts", 1)
        proxy.change("UpdateItem", drop_response)
        outcome = confirmed(anna, preview)
    assert proxy.operations.count("UpdateItem") == 2
    assert "1 order was changed." in outcome.text


def test_deleting_many_twice_reports_that_they_were_already_deleted(anna):
    preview = Page(select(anna, "delete", ids(place_many(2))))
    confirmed(anna, preview)
    assert confirmed(anna, preview).text.count("was already deleted") == 2


def test_an_illegal_transition_is_refused_for_each_order(anna, one_of_each):
    done = one_of_each[Status.COMPLETED]
    page = Page(anna.post(APPLY, {"action": "cancel", "seen": f"{done.order_id}:3"}))
    assert "was not changed: it is COMPLETED" in page.text
    assert store.get(done.order_id).status is Status.COMPLETED


# --- What no page of ours sends ---------------------------------------------------------------------------------------


def test_an_empty_selection_shows_what_to_do(anna):
    for data in ({}, {"action": "cancel"}, {"action": "cancel", "id": ""}, {"action": "cancel", "all": "1"}):
        response = anna.post(PREVIEW, data)
        assert response.status_code == 400
        assert "No orders are selected." in Page(response).text
    assert anna.post(APPLY, {"action": "cancel"}).status_code == 400


def test_an_unknown_action_changes_nothing(anna):
    order = placed()
    for action in ("", "expire", "EXPIRED", "CANCELLED", "__class__"):
        response = select(anna, action, [order.order_id])
        assert response.status_code == 400
        assert "No action was chosen." in Page(response).text
        assert anna.post(APPLY, {"action": action, "seen": f"{order.order_id}:1"}).status_code == 400
    assert store.get(order.order_id).version == 1


@pytest.mark.parametrize(
    "seen",
    ["", ":", ":1", "{id}", "{id}:", "{id}:one", "{id}:-1", "{id}:1.0", "{id}:٣", f"{{id}}:{'9' * 5000}", "{id}:9{id}"],
)
def test_an_order_without_a_valid_version_is_not_changed(anna, seen):
    order = placed()
    response = anna.post(APPLY, {"action": "cancel", "seen": seen.format(id=order.order_id)})
    assert response.status_code == 400
    assert store.get(order.order_id).version == 1


def test_invalid_values_in_the_form_do_not_affect_the_other_orders(anna):
    order = placed()
    seen = ["garbage", f"{'x' * 3000}:1", f"{order.order_id}:1", "unknown:1", "\0:1", "💥:1", f"{order.order_id}:1"]
    page = Page(anna.post(APPLY, {"action": "cancel", "seen": seen}))
    assert page.text.count("became CANCELLED") == 1
    assert page.text.count("was already deleted") == 3
    assert store.get(order.order_id).version == 2


def test_unknown_ids_are_reported_as_no_longer_existing(anna):
    page = Page(select(anna, "cancel", ["", "x" * 3000, "a/b", "\0", "💥", "<b>", "<b>"]))
    assert page.text.count("no longer exists") == 4


def test_a_duplicate_id_is_shown_and_changed_once(anna):
    order = placed()
    page = Page(select(anna, "cancel", [order.order_id] * 2))
    assert page.text.count("will become CANCELLED") == 1


def test_a_hundred_orders_are_accepted_and_more_are_refused(anna):
    orders = place_many(101)
    for url, field, values in (
        (PREVIEW, "id", ids(orders)),
        (APPLY, "seen", [f"{order.order_id}:1" for order in orders]),
    ):
        response = anna.post(url, {"action": "cancel", field: values})
        assert response.status_code == 400
        assert "at most 100 orders at a time. Nothing was changed." in Page(response).text
    assert {order.version for order in Order.scan()} == {1}
    assert "100 orders were changed." in confirmed(anna, Page(select(anna, "cancel", ids(orders[:100])))).text


def test_a_get_request_for_a_bulk_page_redirects_to_the_list(anna):
    for url in (PREVIEW, APPLY):
        assert anna.get(url)["Location"] == "/dashboard/"
        assert anna.put(url).status_code == 405


# --- What goes wrong underway -----------------------------------------------------------------------------------------


def test_once_the_store_fails_the_remaining_orders_are_reported_but_not_tried(anna, proxy):
    orders = [placed() for _ in range(4)]
    preview = Page(select(anna, "cancel", ids(orders)))
    proxy.change("UpdateItem", lambda reply: reply, aws_error(500, "InternalServerError"))
    outcome = confirmed(anna, preview)
    rows = [row(outcome, order) for order in orders]
    assert "became CANCELLED" in rows[0]
    assert "may or may not have changed: the order store did not respond" in rows[1]
    assert "was not tried" in rows[2]
    assert "was not tried" in rows[3]
    assert outcome.link(orders[1].order_id[:8]) == f"/dashboard/orders/{orders[1].order_id}/"
    assert proxy.operations.count("UpdateItem") == 2
    assert "1 order was changed, 3 were not changed." in outcome.text


def test_an_error_with_one_order_does_not_hide_the_results_of_the_others(anna, caplog):
    orders = place_many(3)
    preview = Page(select(anna, "cancel", ids(orders)))
    make_too_large(orders[1].order_id)
    outcome = confirmed(anna, preview)
    assert outcome.text.count("became CANCELLED") == 2
    assert "could not be changed. The error was logged" in outcome.text
    [record] = [record for record in caplog.records if record.name == "orders.dashboard.bulk"]
    assert orders[1].order_id in record.getMessage()
    assert states([orders[0], orders[2]]) == [Status.CANCELLED] * 2


def test_orders_that_time_ran_out_for_are_reported_and_not_changed(anna, monkeypatch):
    """Otherwise Lambda would end the request, and the user would see no result."""
    times = iter([False])
    monkeypatch.setattr(bulk.stopwatch, "after", lambda seconds: lambda: next(times, seconds == bulk.MAX_SECONDS))
    orders = place_many(3)
    page = confirmed(anna, Page(select(anna, "cancel", ids(orders))))
    assert page.text.count("became CANCELLED") == 1
    assert page.text.count("was not tried: the others took too long. Try again.") == 2
    assert sorted(states(orders)) == ["CANCELLED", "PENDING", "PENDING"]

"""The page of one order: its fields, its history, its raw JSON; also for orders of the former system."""

from datetime import UTC, datetime, timedelta

import pytest

from orders import store
from orders.lifecycle import Status
from tests.contract.order_helpers import LATER, NOW, make_unreadable, placed, put, stored
from tests.dashboard.html_page import Page, get_page, submit

FORMER_ID = "6f9a1c52-1111-4000-8000-0000000000aa"


def page_of(browser, order_id):
    return get_page(browser, f"/dashboard/orders/{order_id}/")


def former(**attributes):
    """An order as the former system's boto3 wrote it."""
    texts = {
        "order_id": FORMER_ID,
        "item": "Teapot",
        "status": "PENDING",
        "customer_name": "anonymous",
        "customer_email": "",
        "created_at": "2026-11-20T10:15:30.123456",
        **attributes,
    }
    put({name: {"S": text} for name, text in texts.items()} | {"quantity": {"N": "2"}})


def test_every_field_of_an_order_is_shown(anna):
    order = placed(
        item="Wool blanket",
        quantity=1200,
        customer_name="Zoë Ünal",
        customer_email="Zoe@example.com",
        by="api-key:shop",
    )
    page = page_of(anna, order.order_id)
    for part in (order.order_id, "Wool blanket", "1,200", "Zoë Ünal", "22 Nov 2026, 10:15 UTC", "shop (API key)"):
        assert part in page.text, part
    assert page.link("Zoe@example.com") == "/dashboard/?customer_email=Zoe%40example.com"
    assert "24 Nov 2026, 22:15 UTC" in page.text  # when it expires
    assert "2026-11-24 22:15:30 UTC" in page.titles


def test_an_order_stored_with_an_upper_case_id_is_found_changed_and_deleted(anna):
    order_id = "0B9D4F2E-8A31-4C55-9A3E-2F6D1C7B8E90"
    placed(order_id=order_id)
    url = f"/dashboard/orders/{order_id}/"
    assert get_page(anna, "/dashboard/").listed() == [order_id]
    assert anna.get("/dashboard/search/", {"q": order_id})["Location"] == url
    assert f'id="status-{order_id}"' in anna.get("/dashboard/live/", {"id": order_id}).content.decode()
    page = get_page(anna, get_page(anna, url).link("Cancel order"))
    assert submit(anna, page.form(f"{url}status/"), "Cancel order")["Location"] == url
    page = Page(anna.post("/dashboard/bulk/preview/", {"action": "delete", "id": order_id}))
    assert "was deleted" in Page(submit(anna, page.form("/dashboard/bulk/apply/"), "Delete 1 order")).text
    assert get_page(anna, "/dashboard/").listed() == []


def test_an_unreadable_order_stored_with_an_upper_case_id_can_be_deleted(anna):
    order_id = "0B9D4F2E-8A31-4C55-9A3E-2F6D1C7B8E90"
    placed(order_id=order_id)
    make_unreadable(order_id)
    url = f"/dashboard/orders/{order_id}/"
    page = get_page(anna, get_page(anna, url, status=409).link("Delete"))
    assert submit(anna, page.form(f"{url}delete-unreadable/"), "Delete order").status_code == 302
    assert get_page(anna, "/dashboard/").listed() == []


def test_an_upper_case_id_is_the_same_id(anna):
    order_id = placed().order_id
    assert order_id in page_of(anna, order_id.upper()).text
    assert anna.get(f"/dashboard/orders/{order_id.upper()}/raw/").json()["order_id"] == order_id
    response = anna.post(f"/dashboard/orders/{order_id.upper()}/status/", {"to": "PROCESSING", "version": "1"})
    assert response["Location"] == f"/dashboard/orders/{order_id}/"
    assert store.get(order_id).status is Status.PROCESSING


@pytest.mark.parametrize(
    ("status", "forms", "links"),
    [
        (Status.PENDING, {"Start processing"}, {"Cancel order"}),
        (Status.PROCESSING, set(), {"Complete order", "Cancel order"}),
        (Status.COMPLETED, set(), set()),
        (Status.CANCELLED, set(), set()),
        (Status.EXPIRED, set(), set()),
    ],
)
def test_only_allowed_transitions_are_offered(anna, status, forms, links):
    page = page_of(anna, placed(status=status).order_id)
    buttons = {words for form in page.forms if form.action.endswith("/status/") for words in form.buttons}
    assert buttons == forms
    assert {words for words in ("Complete order", "Cancel order") if page.has_link(words)} == links
    assert page.has_link("Delete")


def test_the_history_shows_who_did_what_and_when(anna):
    order = placed(by="api-key:shop")
    store.change_status(order.order_id, Status.PROCESSING, at=LATER, by="staff:anna")
    text = page_of(anna, order.order_id).text
    assert "PENDING shop (API key) 22 Nov 2026, 10:15 UTC PROCESSING anna (staff) 22 Nov 2026, 10:20 UTC" in text


def test_an_expired_order_shows_when_the_system_expired_it(anna):
    text = page_of(anna, placed(status=Status.EXPIRED).order_id).text
    assert "the system (expire_orders)" in text
    assert "Expired 22 Nov 2026, 10:15 UTC" in text


def test_an_order_that_does_not_exist_is_a_404_page(anna):
    page = get_page(anna, "/dashboard/orders/6f9a1c52-0000-4000-8000-000000000000/", status=404)
    assert "There is no order 6f9a1c52-0000-4000-8000-000000000000." in page.text
    assert page.has_link("Go to orders")


@pytest.mark.parametrize(
    "order_id", ["x" * 128, "x" * 129, "x" * 4000, "%00", "%ED%A0%80", "💥", "..%2F", "<b>", "' OR"]
)
@pytest.mark.parametrize("page", ["", "raw/"])
def test_an_impossible_id_is_a_404_page(anna, order_id, page):
    assert get_page(anna, f"/dashboard/orders/{order_id}/{page}", status=404).has_link("Go to orders")


# --- Raw JSON ---------------------------------------------------------------------------------------------------------


def test_the_raw_json_writes_hidden_characters_as_escapes(anna):
    order = placed(item="Teapot \u202e000,1 ☕\U000e0041\u200b")
    response = anna.get(f"/dashboard/orders/{order.order_id}/raw/")
    assert response.json()["item"] == order.item
    assert '"Teapot \\u202e000,1 ☕\\udb40\\udc41\\u200b"' in response.content.decode()


def test_the_raw_json_is_the_stored_item(anna):
    order = placed(item="Teekanne ☕", customer_email="Zoe@example.com", status=Status.PROCESSING)
    response = anna.get(f"/dashboard/orders/{order.order_id}/raw/")
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {name: plain(value) for name, value in stored(order.order_id).items()}
    assert "Teekanne ☕" in response.content.decode()


def plain(value):
    [(kind, held)] = value.items()
    if kind == "L":
        return [plain(element) for element in held]
    if kind == "M":
        return {name: plain(part) for name, part in held.items()}
    return int(held) if kind == "N" else held


# --- Orders of the former system --------------------------------------------------------------------------------------


def test_an_order_of_the_former_system_shows_why_it_has_no_history(anna):
    former()
    page = page_of(anna, FORMER_ID)
    assert "20 Nov 2026, 10:15 UTC" in page.text
    assert "the former system placed this order" in page.text
    assert page.form(f"/dashboard/orders/{FORMER_ID}/status/").data()["version"] == ["0"]


def test_the_raw_json_of_the_former_system_contains_only_stored_attributes(anna):
    former()
    assert set(anna.get(f"/dashboard/orders/{FORMER_ID}/raw/").json()) == set(stored(FORMER_ID))


def test_a_changed_order_of_the_former_system_starts_a_history(anna):
    former()
    form = page_of(anna, FORMER_ID).form(f"/dashboard/orders/{FORMER_ID}/status/", button="Start processing")
    assert submit(anna, form, "Start processing").status_code == 302
    order = store.get(FORMER_ID)
    assert (order.status, order.version) == (Status.PROCESSING, 1)
    assert [entry.by for entry in order.history] == ["staff:anna"]


def test_an_order_of_the_former_system_that_has_changed_is_a_conflict(anna):
    former()
    store.change_status(FORMER_ID, Status.PROCESSING, at=NOW, by="staff:otto")
    response = anna.post(f"/dashboard/orders/{FORMER_ID}/delete/", {"version": "0"})
    assert response.status_code == 409
    assert "<bdi>otto</bdi> (staff)" in response.content.decode()
    assert stored(FORMER_ID)


def test_an_order_of_the_former_system_can_be_deleted(anna):
    former()
    anna.post(f"/dashboard/orders/{FORMER_ID}/delete/", {"version": "0"})
    assert stored(FORMER_ID) is None


# --- Ages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=1, seconds=1), "1 minute ago"),
        (timedelta(days=9), "1 week ago"),
    ],
)
def test_ages_are_written_in_one_unit(anna, ago, expected):
    placed(at=datetime.now(UTC) - ago)
    assert expected in get_page(anna, "/dashboard/").text

"""Unreadable orders of another program."""

import pytest

from tests.contract.order_helpers import overwrite, put, set_outside, stored

SHAPES = [
    {"quantity": {"S": "2"}},
    {"status": {"S": "SHIPPED"}},
    {"created_at": None},
    {"item": {"L": [{"S": "Teapot"}]}},
    {"customer_email": {"N": "7"}},
    {"history": {"L": [{"S": "PENDING"}]}},
]


@pytest.fixture(params=SHAPES, ids=[next(iter(shape)) for shape in SHAPES])
def order_id(api, request):
    """An order of ours of which another program has changed one attribute."""
    order_id = api.place(customer_email="ann@example.com")["order_id"]
    overwrite(order_id, **request.param)
    return order_id


@pytest.fixture
def former(table):
    """An order that the former system accepted without validation."""
    put({"order_id": {"S": "former-1"}, "item": {"L": []}, "quantity": {"S": "2"}, "status": {"S": "SHIPPED"}})
    return "former-1"


def check_unreadable(response, order_id):
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    problem = response.json()
    assert (problem["code"], problem["unreadable"]["order_id"]) == ("unreadable_order", order_id)
    assert all(reason in problem["detail"] for reason in problem["unreadable"]["reasons"])
    assert "ETag" not in response


def test_getting_it_is_a_409_with_the_reasons(api, order_id):
    check_unreadable(api.get(f"/orders/{order_id}"), order_id)
    check_unreadable(api.get(f"/orders/{order_id}", If_None_Match='"1"'), order_id)


def test_every_reason_is_stated(api, former):
    assert api.get(f"/orders/{former}").json()["unreadable"] == {
        "order_id": former,
        "reasons": [
            "created_at is missing.",
            "item is a list, not text.",
            "quantity is text, not a number.",
            "status is 'SHIPPED', which is not a status.",
        ],
    }


@pytest.mark.parametrize("headers", [{}, {"If_Match": '"0"'}, {"If_Match": '"1"'}, {"If_Match": "*"}])
@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "COMPLETED", "CANCELLED", "EXPIRED"])
def test_changing_its_status_is_refused_and_writes_nothing(api, former, status, headers):
    before = stored(former)
    check_unreadable(api.put(f"/orders/{former}", {"status": status}, **headers), former)
    assert stored(former) == before


def test_an_overwritten_order_is_refused_and_stays_unchanged(api):
    for shape in SHAPES:
        order_id = api.place()["order_id"]
        overwrite(order_id, **shape)
        before = stored(order_id)
        check_unreadable(api.put(f"/orders/{order_id}", {"status": "PROCESSING"}), order_id)
        assert stored(order_id) == before


def test_it_can_be_deleted(api, order_id):
    assert api.delete(f"/orders/{order_id}").status_code == 204
    assert stored(order_id) is None


@pytest.mark.parametrize("tag", ['"0"', '"2"', '"1-CANCELLED"', 'W/"1"'])
def test_it_is_not_deleted_for_a_caller_who_saw_another_version(api, order_id, tag):
    check_unreadable(api.delete(f"/orders/{order_id}", If_Match=tag), order_id)
    assert stored(order_id) is not None


@pytest.mark.parametrize("query", ["", "?status=PENDING", "?customer_email=ann@example.com"])
def test_a_list_shows_it_separately(api, order_id, query):
    other = api.place(customer_email="ann@example.com")
    document = api.get(f"/orders{query}").json()
    assert document["results"] == [other]
    [unreadable] = document["unreadable"]
    assert unreadable["order_id"] == order_id
    assert len(unreadable["reasons"]) == 1


def test_a_list_without_such_orders_has_no_such_member(api):
    placed = api.place()
    assert api.get("/orders").json() == {"results": [placed], "next": None, "previous": None}


def test_pages_count_it_and_skip_nothing(api):
    order_ids = [api.place()["order_id"] for _ in range(5)][::-1]
    overwrite(order_ids[2], quantity={"S": "2"})
    found, url = [], "/orders?limit=2"
    while url:
        document = api.get(url).json()
        page = [*document["results"], *document.get("unreadable", [])]
        assert len(page) <= 2
        found += sorted((order["order_id"] for order in page), key=order_ids.index)
        url = document["next"]
    assert found == order_ids


def test_a_key_whose_order_cannot_be_read_places_nothing(api):
    order_id = api.post("/orders", {"item": "Teapot", "quantity": 1}, Idempotency_Key="k").json()["order_id"]
    overwrite(order_id, quantity={"S": "1"})
    check_unreadable(api.post("/orders", {"item": "Teapot", "quantity": 1}, Idempotency_Key="k"), order_id)


def test_a_stored_quantity_outside_the_limits_is_shown(api):
    order_id = api.place()["order_id"]
    overwrite(order_id, quantity={"N": "-3"})
    assert api.get(f"/orders/{order_id}").json()["quantity"] == -3


def test_a_status_in_lower_case_is_valid(api):
    order_id = api.place()["order_id"]
    overwrite(order_id, status={"S": "pending"})
    shown = api.get(f"/orders/{order_id}")
    assert (shown.json()["status"], shown["ETag"]) == ("PENDING", '"1"')
    response = api.put(f"/orders/{order_id}", {"status": "PROCESSING"}, If_Match='"1"')
    assert (response.status_code, response["ETag"]) == (200, '"2"')


# --- Changed by another program ---------------------------------------------------------------------------------------


@pytest.fixture
def cancelled(api):
    """The path of an order of ours that the former handlers have cancelled."""
    order_id = api.place()["order_id"]
    set_outside(order_id, "CANCELLED")
    return f"/orders/{order_id}"


def test_a_cached_copy_from_before_is_stale(api, cancelled):
    response = api.get(cancelled, If_None_Match='"1"')
    assert (response.status_code, response["ETag"]) == (200, '"1-CANCELLED"')
    assert (response.json()["status"], response.json()["version"]) == ("CANCELLED", 1)
    assert api.get(cancelled, If_None_Match='"1-CANCELLED"').status_code == 304


def test_a_write_with_the_previous_entity_tag_is_refused(api):
    order_id = api.place()["order_id"]
    set_outside(order_id, "PROCESSING")
    path = f"/orders/{order_id}"
    for response in (api.put(path, {"status": "COMPLETED"}, If_Match='"1"'), api.delete(path, If_Match='"1"')):
        assert (response.status_code, response.json()["code"]) == (412, "version_mismatch")
        assert response.json()["order"]["status"] == "PROCESSING"
    tag = api.get(path)["ETag"]
    response = api.put(path, {"status": "COMPLETED"}, If_Match=f'"7", {tag}')
    assert (response.status_code, response["ETag"]) == (200, '"3"')
    assert [entry["by"] for entry in response.json()["history"]] == ["api-key:shop", "system:outside", "api-key:shop"]
    assert api.delete(path, If_Match=tag).status_code == 412


def test_a_put_of_the_same_status_repairs_the_order(api, cancelled):
    assert api.get("/orders?status=CANCELLED").json()["results"] == []
    response = api.put(cancelled, {"status": "CANCELLED"})
    assert (response.status_code, response["ETag"]) == (200, '"2"')
    assert api.get("/orders?status=CANCELLED").json()["results"] == [response.json()]
    assert api.put(cancelled, {"status": "CANCELLED"})["ETag"] == '"2"'


def test_the_api_does_not_list_it_under_its_previous_status(api, cancelled):
    assert api.get("/orders?status=PENDING").json()["results"] == []
    assert [order["status"] for order in api.get("/orders").json()["results"]] == ["CANCELLED"]

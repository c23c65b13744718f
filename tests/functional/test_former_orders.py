"""Orders of the former system: seven attributes, a naive time, no version, and in no index."""

import pytest

from orders import store
from orders.dynamodb import connection
from orders.errors import OrderNotFoundError
from orders.lifecycle import Status
from orders.models import Order

PATH = "/orders/6f9a1c52-old"
ORDER_ID = PATH.rpartition("/")[2]


def put(**attributes):
    """Write the item as that system's boto3 did."""
    texts = {
        "order_id": ORDER_ID,
        "item": "Teapot",
        "status": "PENDING",
        "customer_name": "anonymous",
        "customer_email": "",
        "created_at": "2026-11-20T10:15:30.123456",
        **attributes,
    }
    item = {name: {"S": text} for name, text in texts.items()} | {"quantity": {"N": "2"}}
    connection().connection.client.put_item(TableName=Order.Meta.table_name, Item=item)


@pytest.fixture(autouse=True)
def former_order(table):
    put()


def raw_item():
    reply = connection().connection.client.get_item(
        TableName=Order.Meta.table_name, Key={"order_id": {"S": ORDER_ID}}, ConsistentRead=True
    )
    return reply["Item"]


def is_gone():
    try:
        store.get(ORDER_ID)
    except OrderNotFoundError:
        return True
    return False


def test_it_is_shown_completely_with_version_0(api):
    response = api.get(PATH)
    assert response["ETag"] == '"0"'
    assert response.json() == {
        "order_id": ORDER_ID,
        "item": "Teapot",
        "quantity": 2,
        "status": "PENDING",
        "customer_name": "anonymous",
        "customer_email": "",
        "created_at": "2026-11-20T10:15:30.123456Z",
        "updated_at": "2026-11-20T10:15:30.123456Z",
        "expired_at": None,
        "version": 0,
        "expires_at": "2026-11-22T22:15:30.123456Z",
        "allowed_transitions": ["PROCESSING", "CANCELLED"],
        "history": [],
    }


def test_reading_it_writes_nothing(api):
    before = raw_item()
    api.get(PATH)
    assert api.get(PATH, If_None_Match='"0"').status_code == 304
    assert api.put(PATH, {"status": "PENDING"})["ETag"] == '"0"'
    assert raw_item() == before


@pytest.mark.parametrize("created_at", ["2026-11-20T10:15:30", "2026-11-20T10:15:30+00:00", "2026-11-20T10:15:30Z"])
def test_its_time_may_lack_the_fraction_or_have_a_zone(api, created_at):
    put(created_at=created_at)
    assert api.get(PATH).json()["created_at"] == "2026-11-20T10:15:30.000000Z"


def test_an_expired_one_shows_when_it_expired(api):
    put(status="EXPIRED", expired_at="2026-11-22T23:00:00.5")
    shown = api.get(PATH).json()
    assert (shown["status"], shown["expired_at"]) == ("EXPIRED", "2026-11-22T23:00:00.500000Z")
    assert (shown["expires_at"], shown["allowed_transitions"]) == (None, [])


@pytest.mark.parametrize("conditions", [{}, {"If_Match": '"0"'}, {"If_Match": '"3", "0"'}, {"If_Match": "*"}])
def test_its_first_change_adds_a_version_and_a_history(api, conditions):
    response = api.put(PATH, {"status": "PROCESSING"}, **conditions)
    assert (response.status_code, response["ETag"]) == (200, '"1"')
    order = store.get(ORDER_ID)
    assert (order.status, order.version) == (Status.PROCESSING, 1)
    assert order.history == [(Status.PROCESSING, order.updated_at, "api-key:shop")]
    assert raw_item()["created_at"] == {"S": "2026-11-20T10:15:30.123456"}
    assert response.json() == api.get(PATH).json()


def test_its_second_change_is_like_any_other(api):
    api.put(PATH, {"status": "PROCESSING"})
    assert api.put(PATH, {"status": "COMPLETED"}, If_Match='"1"').status_code == 200
    order = store.get(ORDER_ID)
    assert order.version == 2
    assert [entry.status for entry in order.history] == [Status.PROCESSING, Status.COMPLETED]


@pytest.mark.parametrize("tag", ['"1"', '"00"', 'W/"0"', '""'])
def test_a_write_with_a_version_that_it_never_had_is_refused(api, tag):
    before = raw_item()
    for response in (api.put(PATH, {"status": "PROCESSING"}, If_Match=tag), api.delete(PATH, If_Match=tag)):
        assert (response.status_code, response.json()["code"]) == (412, "version_mismatch")
        assert response.json()["order"]["version"] == 0
    assert raw_item() == before


def test_version_0_no_longer_matches_after_the_first_change(api):
    api.put(PATH, {"status": "PROCESSING"})
    assert api.put(PATH, {"status": "COMPLETED"}, If_Match='"0"').status_code == 412
    assert api.delete(PATH, If_Match='"0"').status_code == 412
    assert not is_gone()


def test_an_illegal_transition_of_it_is_refused_with_the_order(api):
    response = api.put(PATH, {"status": "COMPLETED"}, If_Match='"0"')
    assert (response.status_code, response.json()["code"]) == (409, "illegal_transition")
    assert response.json()["order"] == api.get(PATH).json()


@pytest.mark.parametrize("conditions", [{}, {"If_Match": '"0"'}])
def test_it_can_be_deleted(api, conditions):
    assert api.delete(PATH, **conditions).status_code == 204
    assert is_gone()


def test_it_is_not_listed_until_it_is_adopted(api):
    placed = api.place()
    assert api.get("/orders").json()["results"] == [placed]


def test_it_is_not_listed_by_status_after_its_first_change(api):
    """It has no created_key, and an index contains only items with both of its keys."""
    api.put(PATH, {"status": "PROCESSING"})
    assert api.get("/orders?status=PROCESSING").json()["results"] == []

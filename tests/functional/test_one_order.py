"""GET, PUT and DELETE /orders/{order_id}, and conditional requests."""

import pytest
from django.utils import timezone

from orders import store
from orders.errors import OrderNotFoundError
from orders.lifecycle import TRANSITIONS, Status
from tests.contract.order_helpers import placed

PATHS_TO = {
    Status.PENDING: [],
    Status.PROCESSING: [Status.PROCESSING],
    Status.COMPLETED: [Status.PROCESSING, Status.COMPLETED],
    Status.CANCELLED: [Status.CANCELLED],
}
LEGAL = [(origin, to) for origin, targets in TRANSITIONS.items() for to in targets]
REFUSED = [(origin, to) for origin in Status for to in Status if to not in (origin, *TRANSITIONS[origin])]

UNQUOTED = "If-Match must be an entity tag in quotes, as in the ETag header"


def order_at(api, status):
    """The path of an order that was moved to `status`, or expired."""
    order_id = api.place(item="Teapot")["order_id"]
    for step in PATHS_TO.get(status, []):
        api.put(f"/orders/{order_id}", {"status": step})
    if status is Status.EXPIRED:
        store.expire(order_id, at=timezone.now(), by="system:sweep")
    return f"/orders/{order_id}"


def stored(path):
    return store.get(path.rpartition("/")[2])


def is_gone(path):
    try:
        stored(path)
    except OrderNotFoundError:
        return True
    return False


# --- Reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Status))
def test_an_order_lists_its_allowed_transitions(api, status):
    shown = api.get(order_at(api, status)).json()
    assert shown["status"] == status
    assert shown["allowed_transitions"] == list(TRANSITIONS[status])
    assert (shown["expires_at"] is not None) == (status is Status.PENDING)
    assert (shown["expired_at"] is not None) == (status is Status.EXPIRED)


def test_reading_is_one_consistent_call_to_dynamodb(api, traffic):
    path = order_at(api, Status.PENDING)
    traffic.clear()
    assert api.get(path)["ETag"] == '"1"'
    assert (traffic.operations, traffic.units) == (["GetItem"], 1.0)


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_an_order_that_the_caller_has_cached_is_not_sent_again(api, tag):
    response = api.get(order_at(api, Status.PENDING), If_None_Match=tag)
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", '"1"')


@pytest.mark.parametrize("tag", ['"2"', '"01"', "1", "", '"'])
def test_an_order_that_the_caller_has_not_cached_is_sent(api, tag):
    response = api.get(order_at(api, Status.PENDING), If_None_Match=tag)
    assert (response.status_code, response.json()["version"]) == (200, 1)


def test_an_order_that_changed_is_sent_again(api):
    path = order_at(api, Status.PROCESSING)
    assert api.get(path, If_None_Match='"1"').json()["status"] == "PROCESSING"


def test_a_missing_order_is_a_404_with_any_condition(api):
    for conditions in ({}, {"If_None_Match": "*"}):
        response = api.get("/orders/none", **conditions)
        assert (response.status_code, response.json()["code"]) == (404, "order_not_found")
    for conditions in ({}, {"If_Match": '"1"'}, {"If_Match": "*"}):
        for response in (
            api.put("/orders/none", {"status": "PROCESSING"}, **conditions),
            api.put("/orders/none", {"status": "EXPIRED"}, **conditions),
            api.delete("/orders/none", **conditions),
        ):
            assert response.status_code == 404
            assert response.json()["detail"] == "There is no order none."
    assert is_gone("/orders/none")


@pytest.mark.parametrize(
    "order_id",
    ["00000000-0000-0000-0000-000000000000", "x" * 128, "%00", "%20", "%0A", "..", "%F0%9F%AB%96", "%FF", "'"],
)
def test_any_text_that_is_not_the_id_of_an_order_is_a_404(api, order_id):
    for response in (
        api.get(f"/orders/{order_id}"),
        api.put(f"/orders/{order_id}", {"status": "PROCESSING"}),
        api.delete(f"/orders/{order_id}"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "order_not_found")


def test_an_id_in_capitals_is_the_same_id(api):
    order = api.place()
    path = f"/orders/{order['order_id'].upper()}"
    assert api.get(path).json() == order
    assert api.put(path, {"status": "PROCESSING"}).json()["order_id"] == order["order_id"]
    assert api.delete(f"{path}/").status_code == 204
    assert is_gone(f"/orders/{order['order_id']}")


def test_an_id_that_another_program_stored_in_capitals_is_found_in_capitals(api):
    order_id = "0B9D4F2E-8A31-4C55-9A3E-2F6D1C7B8E90"
    placed(order_id=order_id)
    path = f"/orders/{order_id}"
    assert api.get(path).json()["order_id"] == order_id
    assert api.get(path.lower()).status_code == 404
    response = api.put(path, {"status": "PROCESSING"}, If_Match='"1"')
    assert (response.status_code, response.json()["order_id"]) == (200, order_id)
    assert api.delete(path, If_Match='"2"').status_code == 204
    assert is_gone(path)


def test_two_ids_that_differ_only_in_case_name_two_orders(api):
    order_id = "0b9d4f2e-8a31-4c55-9a3e-2f6d1c7b8e90"
    for written in (order_id, order_id.upper()):
        placed(order_id=written)
    assert api.put(f"/orders/{order_id.upper()}", {"status": "CANCELLED"}).json()["order_id"] == order_id.upper()
    assert api.get(f"/orders/{order_id}").json()["status"] == "PENDING"
    assert api.delete(f"/orders/{order_id.upper()}").status_code == 204
    assert api.get(f"/orders/{order_id}").json()["order_id"] == order_id


@pytest.mark.parametrize("order_id", ["Order-17", "0B9D4F2E8A314C559A3E2F6D1C7B8E90", "{0B9D4F2E-8A31}"])
def test_an_id_that_is_not_a_uuid_must_match_exactly(api, order_id):
    """Another program may have written one."""
    placed(order_id=order_id)
    assert api.get(f"/orders/{order_id}").json()["order_id"] == order_id
    assert api.get(f"/orders/{order_id.lower()}").status_code == 404


def test_an_order_may_be_stored_only_in_a_private_cache_and_is_revalidated_each_time(api):
    path = order_at(api, Status.PENDING)
    for response in (api.get(path), api.get(path, If_None_Match='"1"'), api.client.head(path, headers=api.headers)):
        assert response["Cache-Control"] == "private, no-cache"
        assert response["ETag"] == '"1"'


def test_no_other_response_with_orders_may_be_cached(api):
    path = order_at(api, Status.PENDING)
    for response in (
        api.get("/orders"),
        api.get("/orders/none"),
        api.post("/orders", {"item": "Teapot", "quantity": 1}),
        api.put(path, {"status": "PROCESSING"}),
        api.put(path, {"status": "EXPIRED"}),
        api.put(path, {"status": "COMPLETED"}, If_Match='"1"'),
        api.delete(path),
    ):
        assert response["Cache-Control"] == "no-store", response.status_code


# --- Changing the status ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("origin", "to"), LEGAL)
def test_every_legal_transition_succeeds(api, origin, to):
    path = order_at(api, origin)
    before = stored(path)
    response = api.put(path, {"status": to})
    assert response.status_code == 200
    after = stored(path)
    assert (after.status, after.version) == (to, before.version + 1)
    assert after.history == [*before.history, (to, after.updated_at, "api-key:shop")]
    assert after.updated_at > before.updated_at
    assert response["ETag"] == f'"{after.version}"'
    assert response.json() == api.get(path).json()


@pytest.mark.parametrize(("origin", "to"), REFUSED)
def test_every_other_transition_is_refused(api, origin, to):
    path = order_at(api, origin)
    before = api.get(path).json()
    response = api.put(path, {"status": to})
    assert response.status_code == 409
    problem = response.json()
    assert (problem["code"], problem["title"]) == ("illegal_transition", "Conflict")
    assert f"is {origin} and cannot become {to}." in problem["detail"]
    assert all(allowed in problem["detail"] for allowed in TRANSITIONS[origin])
    assert problem["order"] == before == api.get(path).json()


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("conditions", [{}, {"If_Match": '"999"'}, {"If_Match": 'W/"1"'}])
def test_setting_the_current_status_changes_nothing_with_any_condition(api, status, conditions):
    path = order_at(api, status)
    before = api.get(path)
    response = api.put(path, {"status": status}, **conditions)
    assert response.status_code == 200
    assert (response.json(), response["ETag"]) == (before.json(), before["ETag"])
    assert api.get(path).json() == before.json()


def test_a_change_of_status_is_one_call_to_dynamodb_even_if_refused(api, traffic):
    path = order_at(api, Status.PENDING)
    for to in ("PROCESSING", "COMPLETED", "CANCELLED"):
        traffic.clear()
        api.put(path, {"status": to})
        assert traffic.operations == ["UpdateItem"]


@pytest.mark.parametrize("text", ["processing", "Processing", " PROCESSING "])
def test_a_status_may_be_in_any_case(api, text):
    path = order_at(api, Status.PENDING)
    assert api.put(path, {"status": text}).json()["status"] == "PROCESSING"
    assert stored(path).status is Status.PROCESSING


@pytest.mark.parametrize("status", ["SHIPPED", "PEND\x00ING", "CANCELED", "🫖"])
def test_an_unknown_status_is_refused_with_the_known_ones(api, traffic, status):
    path = order_at(api, Status.PENDING)
    traffic.clear()
    response = api.put(path, {"status": status})
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("status", "invalid_choice")
    assert error["detail"].endswith("The statuses are PENDING, PROCESSING, COMPLETED, CANCELLED, EXPIRED.")
    assert traffic == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "status", "required"),
        ("", "status", "required"),
        ({"status": ""}, "status", "blank"),
        ({"status": None}, "status", "null"),
        ({"status": 5}, "status", "invalid"),
        ({"status": True}, "status", "invalid"),
        ({"status": ["PROCESSING"]}, "status", "invalid"),
        ('{"status": ' + "[" * 1_000 + "]" * 1_000 + "}", "status", "invalid"),
        ({"status": "PROCESSING", "item": "Kettle"}, "item", "unknown_field"),
        ({"status": "PROCESSING", "version": 1}, "version", "unknown_field"),
        (["PROCESSING"], "", "invalid"),
        ('"PROCESSING"', "", "invalid"),
        ("null", "", "null"),
    ],
)
def test_an_invalid_body_is_refused_and_changes_nothing(api, body, field, code):
    path = order_at(api, Status.PENDING)
    response = api.put(path, body)
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert (stored(path).status, stored(path).version) == (Status.PENDING, 1)


# --- Deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Status))
def test_an_order_of_any_status_can_be_deleted_once(api, status):
    path = order_at(api, status)
    response = api.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert is_gone(path)
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404


def test_deleting_is_one_call_to_dynamodb(api, traffic):
    path = order_at(api, Status.PENDING)
    traffic.clear()
    api.delete(path)
    assert traffic.operations == ["DeleteItem"]


# --- If-Match ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ['"2"', '"7", "2"', '"7","2"', 'W/"9", "2"', ' "2" , ', "*"])
def test_a_write_succeeds_if_the_order_matches_if_match(api, tag):
    path = order_at(api, Status.PROCESSING)
    assert api.put(path, {"status": "COMPLETED"}, If_Match=tag).status_code == 200
    assert stored(path).version == 3
    path = order_at(api, Status.PROCESSING)
    assert api.delete(path, If_Match=tag).status_code == 204
    assert is_gone(path)


@pytest.mark.parametrize(
    "tag",
    ['"1"', '"3"', 'W/"2"', '"1", W/"2"', '"02"', '"2.0"', '"+2"', '"٢"', '"abc"', '""', '"-1"', f'"{"9" * 5_000}"'],
)
def test_a_write_is_refused_if_the_order_does_not_match_if_match(api, tag):
    path = order_at(api, Status.PROCESSING)
    before = api.get(path).json()
    for response in (
        api.put(path, {"status": "COMPLETED"}, If_Match=tag),
        api.put(path, {"status": "PENDING"}, If_Match=tag),
        api.delete(path, If_Match=tag),
    ):
        assert response.status_code == 412
        assert response.json()["code"] == "version_mismatch"
        assert response.json()["order"] == before
    assert api.get(path).json() == before


@pytest.mark.parametrize("tag", ["2", "", '"2', '2"', "'2'", 'w/"2"', '*, "2"', '"2" "3"', '2, "2"'])
def test_an_if_match_that_is_not_an_entity_tag_is_refused_and_not_ignored(api, traffic, tag):
    path = order_at(api, Status.PROCESSING)
    traffic.clear()
    for response in (
        api.put(path, {"status": "COMPLETED"}, If_Match=tag),
        api.delete(path, If_Match=tag),
    ):
        assert response.status_code == 400
        [error] = response.json()["errors"]
        assert error["field"] == "If-Match"
        assert error["detail"].startswith(UNQUOTED)
    assert traffic == []


def test_if_match_takes_at_most_100_tags(api):
    path = order_at(api, Status.PROCESSING)
    tags = [f'"{version}"' for version in range(2, 103)]
    refused = api.put(path, {"status": "COMPLETED"}, If_Match=",".join(tags))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["detail"] == "If-Match takes at most 100 entity tags."
    assert api.put(path, {"status": "COMPLETED"}, If_Match=",".join(tags[:100])).status_code == 200


@pytest.mark.parametrize("tag", ["*", " * ", '"2"', 'W/"2"', '"7", "2"'])
def test_a_write_is_refused_if_the_order_matches_if_none_match(api, tag):
    """RFC 9110, section 13.1.2."""
    path = order_at(api, Status.PROCESSING)
    shown = api.get(path).json()
    for response in (
        api.put(path, {"status": "COMPLETED"}, If_None_Match=tag),
        api.put(path, {"status": "PROCESSING"}, If_None_Match=tag),
        api.put(path, {"status": "COMPLETED"}, If_None_Match=tag, If_Match='"2"'),
        api.delete(path, If_None_Match=tag),
    ):
        assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
        assert response.json()["order"] == shown
    assert stored(path).version == 2


@pytest.mark.parametrize("tag", ['"1"', '"3", W/"4"', '"02"'])
def test_a_write_succeeds_if_the_order_does_not_match_if_none_match(api, tag):
    path = order_at(api, Status.PROCESSING)
    assert api.put(path, {"status": "COMPLETED"}, If_None_Match=tag).status_code == 200
    assert api.delete(path, If_None_Match=tag.replace("3", "9")).status_code == 204


@pytest.mark.parametrize("tag", ["2", "", "nonsense", '"2'])
def test_an_if_none_match_that_is_not_an_entity_tag_is_refused_and_not_ignored(api, tag):
    path = order_at(api, Status.PENDING)
    for response in (
        api.put(path, {"status": "PROCESSING"}, If_None_Match=tag),
        api.delete(path, If_None_Match=tag),
    ):
        assert response.status_code == 400
        [error] = response.json()["errors"]
        assert (error["field"], error["code"]) == ("If-None-Match", "invalid")
        assert error["detail"].startswith("If-None-Match must be an entity tag in quotes")
    assert stored(path).version == 1


def test_both_conditions_must_be_true(api):
    path = order_at(api, Status.PROCESSING)
    response = api.put(path, {"status": "COMPLETED"}, If_None_Match='"3"', If_Match='"1"')
    assert (response.status_code, response.json()["code"]) == (412, "version_mismatch")
    assert api.put(path, {"status": "COMPLETED"}, If_None_Match='"3"', If_Match='"2", "3"').status_code == 200


def test_a_missing_order_does_not_match_if_none_match_and_is_a_404(api):
    for response in (
        api.put("/orders/none", {"status": "PROCESSING"}, If_None_Match="*"),
        api.delete("/orders/none", If_None_Match="*"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "order_not_found")


def test_of_two_writes_to_the_same_version_one_is_refused(api):
    path = order_at(api, Status.PENDING)
    tag = api.get(path)["ETag"]
    assert api.put(path, {"status": "PROCESSING"}, If_Match=tag).status_code == 200
    assert api.put(path, {"status": "CANCELLED"}, If_Match=tag).status_code == 412
    assert [entry.status for entry in stored(path).history] == [Status.PENDING, Status.PROCESSING]

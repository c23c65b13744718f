"""Each check of the soak test finds the violation that it is for, and nothing in a run without any."""

from dataclasses import replace
from typing import Any

import pytest

from soak.checks import violations
from soak.journal import Kill
from soak.leaks import Use, leaks
from tests.soak.story import OTHER, SHOP, Story, at, quiet_run


@pytest.fixture
def story() -> Story:
    return quiet_run()


def found(story: Story) -> list[str]:
    return violations(story.evidence())


def test_a_run_without_violations_passes(story):
    assert found(story) == []


# --- Responses --------------------------------------------------------------------------------------------------------


def test_an_internal_error_is_found(story):
    story.get("A", status=500, code="internal_error", reply={"code": "internal_error"})
    assert found(story) == ["Order A: entry 14 (api-key:shop-0, get, 500 internal_error) is not a documented response."]


def test_a_status_with_another_code_is_found(story):
    story.get("A", status=404, code="not_found", reply={"code": "not_found"})
    assert any("is not a documented response" in sentence for sentence in found(story))


def test_an_outage_without_retry_after_is_found(story):
    story.get("A", status=503, code="store_unavailable", retry_after=True, reply={})
    assert found(story) == []
    story.get("A", status=503, code="store_unavailable", reply={})
    assert found(story) == ["Order A: entry 15 (api-key:shop-0, get, 503 store_unavailable) has no Retry-After."]


def test_an_unreadable_order_in_a_list_is_found(story):
    story.add("page", status=200, reply=[{"order_id": "A", "reasons": ["?"]}])
    assert "lists unreadable orders" in found(story)[0]


def test_a_missing_answer_is_found_unless_a_worker_was_killed(story):
    story.get("A", status=None, reply=None)
    assert found(story) == [
        "Order A: entry 14 (api-key:shop-0, get, no response) happened although no worker was killed."
    ]
    story.kills.append(Kill(process="engine", at=at(131), until=at(132)))
    assert len(found(story)) == 1
    story.kills.append(Kill(process="worker", at=at(131), until=at(132)))
    assert found(story) == []


def test_a_late_answer_is_found_unless_a_process_was_killed(story):
    story.get("A", ended=at(145))
    assert found(story) == ["Order A: entry 14 (api-key:shop-0, get, 200) took 15.0 s, more than 10 s."]
    story.kills.append(Kill(process="engine", at=at(100), until=at(125)))
    assert found(story) == []


def test_a_bulk_action_may_take_longer(story):
    story.change(6, ended=at(74))
    assert found(story) == []
    story.change(6, ended=at(76))
    assert "took 26.0 s, more than 25 s" in found(story)[0]


def test_an_unexpected_error_in_a_row_of_a_bulk_action_is_found(story):
    story.change(6, reply={"B": "could not be changed. The error was logged. Tell an administrator."})
    assert found(story) == ["Order B: entry 6 (staff:staff-0, bulk, 200) reports an unexpected error."]


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_404_for_an_existing_order_is_found(story):
    story.get("A", status=404, code="order_not_found", reply={})
    [sentence] = found(story)
    assert sentence == (
        "Order A: entry 14 (api-key:shop-0, get, 404 order_not_found) is wrong, because "
        "entry 1 (api-key:shop-0, create, 201) shows the order, and nobody has deleted it."
    )


def refuse(story: Story, status: int, code: str, **sent: Any) -> None:
    operation = "change" if "to" in sent else "delete"
    reply = {"code": code, "order": story.document("A")}
    story.add(operation, order_id="A", sent={"version": None, **sent}, status=status, code=code, reply=reply)


def test_a_refused_transition_that_is_legal_is_found(story):
    refuse(story, 409, "illegal_transition", to="CANCELLED")
    assert found(story) == []
    refuse(story, 409, "illegal_transition", to="COMPLETED")
    assert "entry 15 (api-key:shop-0, change, 409 illegal_transition) is wrong" in found(story)[0]


def test_a_version_mismatch_at_the_same_version_is_found(story):
    refuse(story, 412, "version_mismatch", version=2)
    assert found(story) == []
    refuse(story, 412, "version_mismatch", version=3)
    assert "is wrong, because the order has version 3" in found(story)[0]
    refuse(story, 412, "version_mismatch")
    assert "is wrong, because it has no If-Match" in found(story)[1]


def test_a_refused_idempotency_key_that_was_used_for_the_same_order_is_found(story):
    sent = {"order": {"item": "Teapot of A"}, "key": "first"}
    story.add("create", sent=sent, status=422, code="idempotency_key_reused", reply={})
    assert "is wrong, because the key was used for this order only" in found(story)[0]


def test_a_refused_idempotency_key_that_was_used_for_another_order_is_correct(story):
    sent = {"order": {"item": "Teapot of A", "customer_name": "Other"}, "key": "first"}
    story.add("create", sent=sent, status=422, code="idempotency_key_reused", reply={})
    assert found(story) == []


def test_a_refused_write_that_took_effect_is_found(story):
    reply = {"order": story.document("A")}
    story.change(13, status=409, code="illegal_transition", reply=reply)
    assert any("was refused, but its change to COMPLETED took effect" in sentence for sentence in found(story))


def test_a_bulk_row_that_was_refused_and_took_effect_is_found(story):
    story.change(6, reply={"B": "was not changed: it is Cancelled"})
    assert found(story) == [
        "Order B: entry 6 (staff:staff-0, bulk, 200) was refused, but its change to CANCELLED took effect."
    ]


# --- Writes -----------------------------------------------------------------------------------------------------------


def test_a_lost_order_is_found(story):
    del story.items["A"]
    sentence = "entry 1 (api-key:shop-0, create, 201) shows it, but it is not in the table, and nobody has deleted it."
    assert found(story)[0] == f"Order A: {sentence}"


def test_an_order_with_other_values_is_found(story):
    story.items["A"]["quantity"] = 2
    assert "entry 1 (api-key:shop-0, create, 201) shows another quantity than the table" in found(story)[0]


def test_a_deleted_order_that_exists_is_found(story):
    story.items["D"] = {**story.document("A"), **story.entries[3].reply}
    assert "Order D: entry 8 (api-key:shop-0, delete, 204) deleted it, but it is still in the table." in found(story)


def test_an_order_that_was_placed_again_after_its_deletion_is_no_violation(story):
    story.place("D")
    assert found(story) == []


def test_a_repeat_that_was_sent_before_the_deletion_and_carried_out_after_it_is_no_violation(story):
    story.place("D")
    story.change(14, started=at(66), ended=at(74))
    created = at(66.5)
    story.items["D"].update(created_at=created, updated_at=created)
    story.items["D"]["history"][0]["at"] = created
    story.change(14, reply=story.document("D"))
    story.change(11, reply={**story.entries[10].reply, "complete": False})
    assert found(story) == []


def test_one_request_with_two_orders_is_found(story):
    story.items["E"] = {**story.document("A"), "order_id": "E"}
    assert any("one request for 'Teapot of A' has placed them all" in sentence for sentence in found(story))


def test_one_key_with_two_orders_is_found(story):
    story.place("E", key="first")
    assert any("entry 1 (api-key:shop-0, create, 201) and entry 14" in sentence for sentence in found(story))


def test_a_repeat_that_is_not_marked_is_found(story):
    repeat = story.entries[0]
    story.add("create", sent=repeat.sent, status=201, reply=repeat.reply, replayed=True)
    assert found(story) == []
    story.add("create", sent=repeat.sent, status=201, reply=repeat.reply)
    assert "entry 15 (api-key:shop-0, create, 201) is not marked as a repeat" in found(story)[0]


def test_a_repeat_that_places_the_order_again_is_found(story):
    del story.items["A"]
    story.place("A", key="first")
    story.change(14, replayed=True)
    assert any("placed it, but entry 14 (api-key:shop-0, create, 201) placed it again" in line for line in found(story))


def test_a_lost_bulk_change_is_found(story):
    story.items["B"]["history"][1]["by"] = "staff:staff-1"
    assert any("reports a change to CANCELLED that the history lacks" in sentence for sentence in found(story))


def test_a_bulk_change_of_an_order_that_was_deleted_and_placed_again_is_no_violation(story):
    story.delete("B")
    story.place("B", client=OTHER)
    story.move("B", "PROCESSING", client=OTHER)
    assert found(story) == []


def test_a_bulk_change_of_an_order_that_was_placed_again_and_deleted_is_no_violation(story):
    story.delete("B")
    story.place("B", client=OTHER)
    story.move("B", "PROCESSING", client=OTHER)
    story.delete("B")
    story.place("B", client=OTHER)
    story.move_in_bulk("B", "CANCELLED", "cancel")
    story.delete("B")
    assert found(story) == []


def test_a_change_without_a_request_is_found(story):
    story.items["B"]["history"][1]["by"] = OTHER
    assert any("api-key:shop-1 did not request the change to CANCELLED" in sentence for sentence in found(story))


def test_an_order_without_a_request_is_found(story):
    story.items["A"]["item"] = "Kettle"
    assert any("nobody has requested 'Kettle'" in sentence for sentence in found(story))


# --- Histories --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": 4}, "its version is 4, but its history has 3 entries"),
        ({"created_at": at(0)}, "its history begins with PENDING"),
        ({"status": "CANCELLED", "status_key": "CANCELLED#0"}, "it is CANCELLED since"),
        ({"updated_at": at(0)}, "it is COMPLETED since"),
        ({"status_key": "PENDING#0"}, "its index key is PENDING#0"),
        ({"expired_at": at(0)}, "its expired_at is"),
    ],
)
def test_an_order_that_contradicts_itself_is_found(story, changes, sentence):
    story.items["A"].update(changes)
    assert any(sentence in line for line in found(story))


def test_an_illegal_change_is_found(story):
    story.items["A"]["history"][1]["status"] = "CANCELLED"
    assert any("has a change from CANCELLED to COMPLETED" in sentence for sentence in found(story))


def test_a_repeated_history_entry_is_found(story):
    story.move("A", "COMPLETED")
    assert "has a change from COMPLETED to COMPLETED" in found(story)[0]


def test_time_that_runs_backwards_is_found(story):
    story.items["A"]["history"][2]["at"] = story.items["A"]["updated_at"] = at(40)
    assert any("its history runs backwards" in sentence for sentence in found(story))


def test_a_lost_change_is_found(story):
    item = story.items["A"]
    item.update(history=item["history"][:2], version=2, status="PROCESSING", status_key="PROCESSING#0")
    item["updated_at"] = item["history"][1]["at"]
    assert found(story) == [
        "Order A: entry 13 (api-key:shop-0, change, 200) shows a history that the order does not have later."
    ]


def test_a_version_that_does_not_match_the_history_of_a_response_is_found(story):
    story.get("A", reply={**story.document("A"), "version": 7})
    assert "shows a version other than the length of its history" in found(story)[0]


def test_an_outdated_read_is_found(story):
    story.get("A", reply=story.entries[0].reply)
    [sentence] = found(story)
    assert sentence == (
        "Order A: entry 14 (api-key:shop-0, get, 200) shows an older version than "
        "entry 5 (api-key:shop-0, change, 200) before it."
    )


# --- Lists ------------------------------------------------------------------------------------------------------------


def change_rows(story: Story, rows: list[Any]) -> None:
    story.change(11, reply={"complete": True, "rows": rows})


def test_an_order_that_is_listed_twice_is_found(story):
    rows = story.entries[10].reply["rows"]
    change_rows(story, [rows[0], *rows])
    assert "lists it twice" in found(story)[0]


def test_an_order_that_a_walk_lacks_is_found(story):
    change_rows(story, story.entries[10].reply["rows"][:-1])
    assert found(story) == ["Order A: entry 11 (api-key:shop-0, walk, 200) with no filter does not list it."]


def test_an_order_that_a_walk_by_status_lacks_is_found(story):
    story.change(12, reply={"complete": True, "rows": []})
    assert "Order A: entry 12 (api-key:shop-0, walk, 200) with {'status': 'PROCESSING'}" in found(story)[0]


def test_a_walk_that_was_not_finished_is_not_checked(story):
    story.change(12, reply={"complete": False, "rows": []})
    assert found(story) == []


def test_a_listed_order_that_does_not_match_the_filter_is_found(story):
    story.change(12, sent={"status": "CANCELLED"})
    assert any("lists it although it does not match" in sentence for sentence in found(story))


def test_a_listed_order_that_never_existed_is_found(story):
    change_rows(story, [["X", at(100), "PENDING", 1], *story.entries[10].reply["rows"]])
    assert "Order X: entry 11 (api-key:shop-0, walk, 200) lists it, but it is not in the table" in found(story)[0]


def test_a_listed_version_with_another_status_is_found(story):
    rows = story.entries[10].reply["rows"]
    change_rows(story, [*rows[:-1], [*rows[-1][:2], "CANCELLED", 2]])
    assert "lists version 2 as CANCELLED, but it is PROCESSING" in found(story)[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda index: index.pop("A"), "Order A: it is missing from the index"),
        (lambda index: index.update(X={"order_id": "X"}), "Order X: it is only in the index"),
        (lambda index: index.update(A={"status": "?"}), "Order A: it has other values in the index"),
    ],
)
def test_an_index_that_differs_from_the_table_is_found(story, change, sentence):
    evidence = story.evidence()
    change(evidence.table.indexes["by_created"])
    assert violations(evidence) == [f"{sentence} by_created."]


# --- Sweeps -----------------------------------------------------------------------------------------------------------


def test_an_order_that_a_caller_has_expired_is_found(story):
    story.items["C"]["history"][1]["by"] = SHOP
    assert "Order C: api-key:shop-0 has set it to EXPIRED." in found(story)


def test_an_order_that_expired_without_a_sweep_is_found(story):
    story.change(7, started=at(62))
    assert any("when no sweep was running" in sentence for sentence in found(story))


def test_an_order_that_expired_too_early_is_found(story):
    story.change(7, sent={"age_hours": 1.0})
    assert any("expired it when it was younger than 1:00:00" in sentence for sentence in found(story))


def report(story: Story, **summary: int) -> None:
    reply = story.entries[6].reply
    story.change(7, reply={**reply, "summary": {**reply["summary"], **summary}})


def test_an_expired_order_that_the_summary_lacks_is_found(story):
    report(story, expired=0)
    assert "reports 0 expired orders, but it expired 1: C" in found(story)[0]
    report(story, expired=0, failed=1)
    assert found(story) == []


def test_an_expired_order_that_the_histories_lack_is_found(story):
    report(story, expired=3)
    assert "reports 3 expired orders, but the histories have 1" in found(story)[0]


def test_orders_that_a_sweep_cannot_read_are_found(story):
    report(story, unreadable=1)
    assert "reports unreadable or repaired orders" in found(story)[0]


def test_a_sweep_that_fails_in_an_undocumented_way_is_found(story):
    reply = {"summary": None, "output": "Traceback (most recent call last)"}
    story.change(7, status=1, reply=reply)
    assert "did not end as documented: Traceback" in found(story)[0]


def test_a_sweep_may_end_with_a_signal_only_if_it_was_killed(story):
    story.change(7, status=-9, reply={"summary": None, "output": ""})
    assert "did not end as documented" in found(story)[0]
    story.kills.append(Kill(process="sweep", at=at(61), until=at(61)))
    assert found(story) == []


def test_a_sweep_without_a_summary_is_found(story):
    story.change(7, reply={"summary": None, "output": ""})
    assert found(story) == ["entry 7 (system:expire_orders, sweep, 0) has no summary."]


def test_a_worker_with_many_open_descriptors_is_found(story):
    evidence = replace(story.evidence(), descriptors=[20, 500])
    assert violations(evidence) == ["A worker had 500 open descriptors at the end, more than 128."]


# --- Leaks ------------------------------------------------------------------------------------------------------------


def test_a_worker_that_grows_is_found():
    first = Use(requests=5_000, memory_kb=100_000, descriptors=20)
    assert list(leaks([first, Use(30_000, 104_000, 30)])) == []
    assert list(leaks([first, Use(30_000, 106_000, 30)])) == ["The memory of a worker grew from 100,000 to 106,000 KB."]
    assert list(leaks([first, Use(30_000, 100_000, 40)])) == ["The open descriptors of a worker grew from 20 to 40."]

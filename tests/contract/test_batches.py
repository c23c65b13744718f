"""The sweep with more due orders than fit into one call: 25 conditional updates in each BatchExecuteStatement."""

import json
import logging
import re
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import batches, dynamodb, expiry, listing, store
from orders.dynamodb import ConditionRefusedError, StatementRefusedError, UnsupportedOperationError
from orders.errors import StoreUnavailableError
from orders.expiry import BY, CALLS, sweep
from orders.lifecycle import Status
from orders.models import Order
from orders.reading import read_order
from tests.contract.fault_proxy import aws_error, drop_response, failing_statements, refusal
from tests.contract.order_helpers import (
    HOUR,
    NOW,
    all_orders,
    ids,
    make_unreadable,
    overwrite,
    place_many,
    placed,
    race,
    set_outside,
    stored,
)
from tests.contract.test_unreadable_orders import BROKEN, MALFORMED

AGE = timedelta(hours=60)
AT = NOW + AGE + HOUR
BATCH = "BatchExecuteStatement"


def due(count):
    """Place `count` orders that are due at AT. Returns them oldest first."""
    return place_many(count, step=timedelta(seconds=1))[::-1]


def swept(**options):
    """The counts of a sweep that are not 0."""
    result = sweep(at=AT, age=AGE, **options)
    names = ("examined", "expired", "moved_on", "repaired", "unreadable", "failed")
    return {name: getattr(result, name) for name in names if getattr(result, name)}


def assert_expired_once(orders):
    for order, found in zip(orders, listing.get_many(ids(orders)), strict=True):
        entries = [(entry.status, entry.by) for entry in found.history]
        assert entries == [(Status.PENDING, order.history[0].by), (Status.EXPIRED, BY)]
        assert found.version == 2


def due_items():
    return list(listing.due(before=AT - AGE))


# --- The calls --------------------------------------------------------------------------------------------------------


def test_twenty_five_orders_expire_in_one_call(table, traffic, shards):
    orders = due(60)
    traffic.clear()
    assert swept() == {"examined": 60, "expired": 60}
    assert Counter(traffic.operations) == {"Query": len(traffic.operations) - 3, BATCH: 3}
    assert_expired_once(orders)


def test_fewer_orders_than_fit_into_one_call_expire_one_at_a_time(traffic):
    due(24)
    traffic.clear()
    assert swept() == {"examined": 24, "expired": 24}
    assert Counter(traffic.operations) == {"Query": 1, "UpdateItem": 24}


def test_an_order_that_expires_in_a_batch_is_stored_like_one_that_expires_alone(table, shards):
    alone, *others = due(26)
    store.expire(alone.order_id, at=AT, by=BY)
    sweep(at=AT, age=AGE)
    for other in others:
        differing = {
            name for name, value in stored(other.order_id).items() if value != stored(alone.order_id).get(name)
        }
        assert differing <= {"order_id", "created_at", "created_key", "listing_key", "status_key", "history"}
        first, second = store.get(other.order_id).history
        assert (first, second) == (other.history[0], store.get(alone.order_id).history[1])
    expired = listing.page(listing.Filters(status=Status.EXPIRED), limit=50).orders
    assert {order.order_id for order in expired} == {alone.order_id, *ids(others)}


def test_a_dry_run_with_many_due_orders_writes_nothing(traffic):
    due(30)
    traffic.clear()
    result = sweep(at=AT, age=AGE, dry_run=True)
    assert (result.examined, result.due, result.expired, result.remaining) == (30, 30, 0, 30)
    assert set(traffic.operations) == {"Query"}


@pytest.mark.parametrize("limit", [1, 24, 25, 26, 59])
def test_a_limit_expires_exactly_that_many_of_the_oldest(table, shards, limit):
    orders = due(60)
    result = sweep(at=AT, age=AGE, limit=limit)
    assert (result.examined, result.expired, result.stopped_early) == (limit, limit, True)
    assert result.remaining == 60 - limit
    found = all_orders()
    assert [found[order.order_id].status for order in orders] == ["EXPIRED"] * limit + ["PENDING"] * (60 - limit)


def test_a_limit_that_is_reached_with_the_last_order_is_not_an_early_stop(table):
    due(30)
    result = sweep(at=AT, age=AGE, limit=30)
    assert (result.expired, result.stopped_early, result.remaining) == (30, False, 0)


def test_orders_that_moved_on_do_not_count_towards_the_limit(proxy):
    orders = due(40)
    moved = orders[::2][:10]
    proxy.change("Query", after_read(*[partial(cancel, order.order_id) for order in moved]))
    assert swept(limit=20) == {"examined": 30, "expired": 20, "moved_on": 10}
    remaining = [order.order_id for order in all_orders().values() if order.status is Status.PENDING]
    assert set(remaining) == set(ids(orders[-10:]))


def test_a_run_stops_between_two_rounds_when_its_time_is_up(table):
    due(CALLS * 25 + 30)
    seen = []
    result = sweep(at=AT, age=AGE, watch=seen.append, time_is_up=lambda: bool(seen))
    assert (result.expired, result.stopped_early, result.remaining) == (CALLS * 25, True, 30)
    assert swept() == {"examined": 30, "expired": 30}


# --- Orders that change between the read and the write ----------------------------------------------------------------


def after_read(*changes):
    """Make these changes after the due orders were read."""

    def change(reply):
        for make in changes:
            make()
        return reply

    return change


def cancel(order_id):
    store.change_status(order_id, Status.CANCELLED, at=NOW + HOUR, by="staff:bob")


def test_orders_that_callers_change_or_delete_during_the_run_are_not_changed(proxy):
    orders = due(50)
    cancelled, deleted = orders[3].order_id, orders[30].order_id
    proxy.change("Query", after_read(partial(cancel, cancelled), partial(store.delete, deleted)))
    assert swept() == {"examined": 50, "expired": 48, "moved_on": 2}
    assert store.get(cancelled).status is Status.CANCELLED
    assert stored(deleted) is None


def test_an_order_that_another_program_changes_during_the_run_expires_with_its_new_values(proxy):
    order_id = due(30)[7].order_id
    proxy.change("Query", after_read(partial(overwrite, order_id, item={"S": "O'Neil's"}, quantity={"N": "3"})))
    assert swept() == {"examined": 30, "expired": 30}
    order = store.get(order_id)
    assert (order.item, order.quantity, order.status) == ("O'Neil's", 3, Status.EXPIRED)


def test_texts_of_users_are_stored_unchanged(table):
    texts = {"item": '\'; DROP "x" --', "customer_name": "O'Neil \\' ?", "customer_email": "o'neil@example.com"}
    order, *_ = place_many(25, by="staff:o'neil", **texts)
    assert swept() == {"examined": 25, "expired": 25}
    assert {name: getattr(store.get(order.order_id), name) for name in texts} == texts


def test_orders_that_become_unreadable_during_the_run_are_not_changed(proxy):
    kinds = {**BROKEN, **MALFORMED}
    orders, before = due(len(kinds) + 25), {}

    def change():
        for order, (kind, changes) in zip(orders[7:], kinds.items(), strict=False):
            overwrite(order.order_id, **changes)
            before[kind] = stored(order.order_id)

    proxy.change("Query", after_read(change))
    assert swept() == {"examined": len(orders), "expired": 25, "unreadable": len(kinds)}
    after = [stored(order.order_id) for order in orders[7:][: len(kinds)]]
    assert dict(zip(kinds, after, strict=True)) == before


def test_an_order_whose_status_another_program_sets_during_the_run_is_left_to_the_next_run(proxy):
    order_id = due(30)[7].order_id
    proxy.change("Query", after_read(partial(set_outside, order_id, "COMPLETED")))
    assert swept() == {"examined": 30, "expired": 29, "moved_on": 1}
    assert swept() == {"examined": 1, "repaired": 1}


def test_the_current_order_in_the_response_saves_a_read(proxy):
    """DynamoDB returns the order with a refused statement; DynamoDB Local does not."""
    orders = due(30)

    def with_items(reply):
        status, headers, content = reply
        document = json.loads(content)
        for order, response in zip(orders, document["Responses"], strict=False):
            if "Error" in response:
                response["Error"]["Item"] = stored(order.order_id)
        return status, headers, json.dumps(document).encode()

    proxy.change("Query", after_read(partial(cancel, orders[3].order_id)))
    proxy.change(BATCH, with_items)
    proxy.operations.clear()
    [result] = [
        error
        for error in dynamodb.execute_updates([batches.expiry_update(item, at=AT, by=BY) for item in due_items()[:25]])
        if error
    ]
    assert isinstance(result, ConditionRefusedError)
    assert (result.order.status, result.may_be_done) == (Status.CANCELLED, False)
    assert proxy.operations.count("GetItem") == 1  # the test's own


# --- Orders that have changed since they were placed ------------------------------------------------------------------


def test_orders_that_have_changed_since_they_were_placed_get_their_own_call(table):
    orders = due(40)
    unreadable, malformed, completed, lower_case, without_history, from_the_future, *others = orders
    make_unreadable(unreadable.order_id)
    overwrite(malformed.order_id, quantity={"N": "2.5"})
    set_outside(completed.order_id, "COMPLETED")
    set_outside(lower_case.order_id, "pending")
    overwrite(without_history.order_id, history=None, version=None, updated_at=None)
    later = "2027-01-01T00:00:00.000000Z"
    overwrite(from_the_future.order_id, updated_at={"S": later})
    before = [stored(order.order_id) for order in (unreadable, malformed)]

    assert swept() == {"examined": 40, "expired": 37, "repaired": 1, "unreadable": 2}

    assert [stored(order.order_id) for order in (unreadable, malformed)] == before
    assert store.get(completed.order_id).history[-1].by == "system:outside"
    assert [entry.status for entry in store.get(without_history.order_id).history] == [Status.EXPIRED]
    assert stored(from_the_future.order_id)["expired_at"] == {"S": later}
    assert stored(lower_case.order_id)["status"] == {"S": "EXPIRED"}
    assert_expired_once([*others, lower_case])


def test_many_orders_that_other_programs_changed_do_not_stop_a_limited_run(table):
    orders = due(60)
    for order in orders[:20]:
        make_unreadable(order.order_id)
    for order in orders[20:35]:
        set_outside(order.order_id, "CANCELLED")
    assert swept(limit=5) == {"examined": 40, "expired": 5, "repaired": 15, "unreadable": 20}
    assert_expired_once(orders[35:40])


values = st.one_of(
    st.sampled_from([value for changes in (*BROKEN.values(), *MALFORMED.values()) for value in changes.values()]),
    st.sampled_from(["PENDING", "CANCELLED", "PENDING#0", "EXPIRED#0", "2026-11-22T10:15:30.123456Z"]).map(
        lambda text: {"S": text}
    ),
    st.text(max_size=220).map(lambda text: {"S": text}),
    st.sampled_from(["0", "1", "2", "-1", "1.5", "1E3", "99999999999999999"]).map(lambda text: {"N": text}),
    st.datetimes().map(lambda instant: {"S": instant.isoformat() + "Z"}),
)
entries = st.fixed_dictionaries({}, optional=dict.fromkeys(("status", "at", "by", "note"), values))
histories = st.lists(st.one_of(values, entries.map(lambda entry: {"M": entry})), max_size=2).map(lambda it: {"L": it})
# DynamoDB itself checks their types.
INDEX_KEYS = {"created_key", "listing_key", "customer_key"}
changed = st.dictionaries(
    st.sampled_from(sorted(Order.get_attributes().keys() - INDEX_KEYS)), st.none() | values | histories, max_size=2
)


@given(changes=changed)
def test_only_readable_orders_without_a_change_since_they_were_placed_are_taken_into_batches(changes):
    order = Order(**new_order_fields())
    item = {**order.serialize(), **changes}
    item = {name: value for name, value in item.items() if value is not None}
    if batches.is_as_placed(item, at=AT):
        read = read_order(item)
        assert isinstance(read, Order)
        assert (read.status, read.version, read.changed_outside, read.expired_at) == (Status.PENDING, 1, False, None)
        assert read.created_at == read.updated_at == read.history[0].at <= AT
        assert Order.created_at.serialize(read.created_at) == item["created_at"]["S"]
        # No text that could end a literal of the statement.
        literals = re.findall(r"'([^']*)'", batches.expiry_update(item, at=AT, by=BY).statement)
        assert all(re.fullmatch("[A-Za-z0-9_:.#-]+", literal) for literal in literals)
        assert item["order_id"]["S"] in literals
    else:
        assert item != order.serialize()


def new_order_fields():
    order = store.new_order(
        order_id="6b1d9c1c-1111-4222-8333-444455556666",
        item="Teapot",
        quantity=2,
        customer_name="Ann",
        customer_email="ann@example.com",
        at=NOW,
        by="staff:anna",
    )
    return order.attribute_values


def test_an_order_placed_after_the_instant_of_the_sweep_is_not_taken_into_a_batch():
    item = Order(**new_order_fields()).serialize()
    assert batches.is_as_placed(item, at=NOW)
    assert not batches.is_as_placed(item, at=NOW - timedelta(microseconds=1))


# --- Lost responses ---------------------------------------------------------------------------------------------------


def test_orders_whose_batch_got_no_response_count_as_expired(proxy):
    orders = due(60)
    proxy.change(BATCH, drop_response)
    assert swept() == {"examined": 60, "expired": 60}
    assert proxy.operations.count(BATCH) == 4
    assert_expired_once(orders)


def test_orders_whose_batch_got_a_server_error_count_as_expired(proxy):
    orders = due(30)
    proxy.change(BATCH, aws_error(500, "InternalServerError"))
    assert swept() == {"examined": 30, "expired": 30}
    assert_expired_once(orders)


def test_an_order_counts_as_expired_although_another_program_changes_it_before_the_retry(proxy):
    orders = due(25)

    def lose(_):
        set_outside(orders[3].order_id, "PROCESSING")

    proxy.change(BATCH, lose)
    assert swept() == {"examined": 25, "expired": 25}


def test_orders_that_another_sweep_expired_at_the_same_instant_are_not_counted(proxy):
    orders = due(30)
    other = partial(sweep, at=AT, age=AGE)
    proxy.change("Query", after_read(other))
    assert swept() == {"examined": 30, "moved_on": 30}
    assert_expired_once(orders)


def test_a_batch_that_never_gets_a_response_fails_and_the_next_run_finds_its_orders_expired(proxy):
    orders = due(25)
    proxy.change(BATCH, *[drop_response] * 3)
    assert swept() == {"examined": 25, "failed": 25}
    assert swept() == {}
    assert_expired_once(orders)


def test_a_statement_with_an_uncertain_result_is_retried_and_found_to_be_done(proxy):
    orders = due(30)

    def uncertain(reply):
        status, headers, content = reply
        document = json.loads(content)
        document["Responses"][2] = {"Error": {"Code": "InternalServerError"}}
        return status, headers, json.dumps(document).encode()

    proxy.change(BATCH, uncertain)
    assert swept() == {"examined": 30, "expired": 30}
    assert_expired_once(orders)


# --- Throttled statements and other failures of one statement ---------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "TransactionConflict"]
)
def test_a_throttled_statement_is_retried_alone(proxy, code):
    orders = due(26)
    proxy.intercept(BATCH, failing_statements(proxy, 2, 4, code=code), failing_statements(proxy, 0, code=code))
    assert swept() == {"examined": 26, "expired": 26}
    assert_expired_once(orders)


def test_an_order_whose_statement_stays_throttled_fails_and_the_others_expire(proxy, caplog):
    orders = due(26)
    attempts = 1 + len(dynamodb.statements.WAITS)
    proxy.intercept(BATCH, failing_statements(proxy, 2, code="ThrottlingError"))
    proxy.intercept(BATCH, *[failing_statements(proxy, 0, code="ThrottlingError")] * (attempts - 1))
    with caplog.at_level(logging.ERROR, logger=expiry.logger.name):
        result = sweep(at=AT, age=AGE)
    assert (result.examined, result.expired, result.failed, result.unavailable) == (26, 25, 1, False)
    assert orders[2].order_id in caplog.text
    assert swept() == {"examined": 1, "expired": 1}


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded", "ResourceNotFound"])
def test_an_order_whose_statement_is_refused_for_another_reason_gets_its_own_call(proxy, code):
    orders = due(30)
    proxy.intercept(BATCH, failing_statements(proxy, 2, code=code))
    assert swept() == {"examined": 30, "expired": 30}
    assert_expired_once(orders)


def test_a_retry_that_dynamodb_refuses_does_not_hide_the_orders_that_have_expired(proxy):
    orders = due(25)
    proxy.intercept(BATCH, failing_statements(proxy, 2, code="ThrottlingError"))
    proxy.refuse(BATCH, refusal(400, "AccessDeniedException"))
    assert swept() == {"examined": 25, "expired": 25}
    assert_expired_once(orders)


def test_each_update_of_a_call_has_its_own_result(proxy):
    order_ids = ids(due(4))
    updates = [batches.expiry_update(item, at=AT, by=BY) for item in due_items()]
    set_outside(order_ids[1], "CANCELLED")
    store.delete(order_ids[2])
    proxy.intercept(BATCH, failing_statements(proxy, 3, code="ValidationError"))

    done, refused, missing, invalid = dynamodb.execute_updates(updates)

    assert done is None
    assert (refused.order.status, missing.order) == (Status.CANCELLED, None)
    assert isinstance(invalid, StatementRefusedError)
    assert str(invalid) == "ValidationError: requested by a test"
    assert store.get(order_ids[0]).status is Status.EXPIRED


# --- Without PartiQL --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException", "ValidationException"])
def test_orders_get_their_own_calls_if_dynamodb_refuses_the_batches(proxy, caplog, code):
    orders = due(130)
    proxy.refuse(BATCH, *[refusal(400, code)] * 6)
    with caplog.at_level(logging.WARNING):
        assert swept() == {"examined": 130, "expired": 130}
    assert proxy.operations.count(BATCH) == 6
    assert proxy.operations.count("UpdateItem") == 130
    assert "DynamoDB refused BatchExecuteStatement" in caplog.text
    assert code in caplog.text
    assert_expired_once(orders)


def test_orders_get_their_own_calls_if_the_permission_is_missing_for_each_statement(proxy):
    orders = due(30)
    numbers = range(25)
    proxy.intercept(BATCH, *[failing_statements(proxy, *numbers, code="AccessDenied")] * 2)
    assert swept() == {"examined": 30, "expired": 30}
    assert_expired_once(orders)


@pytest.mark.parametrize("limit", [27, 101])
def test_a_limit_holds_without_batches_too(proxy, limit):
    orders = due(120)
    proxy.refuse(BATCH, *[refusal(400, "AccessDeniedException")] * 5)
    assert swept(limit=limit) == {"examined": limit, "expired": limit}
    assert_expired_once(orders[:limit])


def test_a_refused_call_changes_nothing(proxy):
    due(2)
    proxy.refuse(BATCH, refusal(400, "AccessDeniedException"))
    with pytest.raises(UnsupportedOperationError):
        dynamodb.execute_updates([batches.expiry_update(item, at=AT, by=BY) for item in due_items()])
    assert len(due_items()) == 2


# --- Concurrency ------------------------------------------------------------------------------------------------------


def test_concurrent_sweeps_with_and_without_batches_expire_each_order_once(table, shards):
    orders = due(120)

    def one_by_one():
        return [store.expire(order.order_id, at=AT, by=BY) is not None for order in orders]

    later, latest = AT + timedelta(seconds=1), AT + timedelta(seconds=2)
    first, second, singles = race(partial(sweep, at=later, age=AGE), partial(sweep, at=latest, age=AGE), one_by_one)
    assert first.expired + second.expired + sum(singles) == 120
    assert (first.failed, second.failed) == (0, 0)
    assert_expired_once(orders)


# --- Outages ----------------------------------------------------------------------------------------------------------


def outage(proxy):
    """Answer all further writes with a server error and make no change."""
    for operation in (BATCH, "UpdateItem"):
        proxy.refuse(operation, *[refusal(503, "ServiceUnavailable")] * 1_000)


@pytest.mark.parametrize("count", [3, CALLS * 25 + 30])
def test_the_run_stops_after_two_calls_in_a_row_without_a_response(proxy, caplog, count):
    due(count)
    outage(proxy)
    with caplog.at_level(logging.ERROR, logger=expiry.logger.name):
        result = sweep(at=AT, age=AGE)
    examined = 2 if count == 3 else CALLS * 25
    assert (result.examined, result.failed, result.expired) == (examined, examined, 0)
    assert (result.stopped_early, result.unavailable, result.remaining) == (True, True, None)
    assert len(caplog.records) == examined
    # Not even the remaining orders are counted.
    assert proxy.operations.count("Query") == 1
    assert {order.status for order in all_orders().values()} == {Status.PENDING}


def test_unreadable_orders_between_two_failures_do_not_hide_an_outage(proxy):
    orders = due(10)
    for order in orders[1:4]:
        make_unreadable(order.order_id)
    outage(proxy)
    result = sweep(at=AT, age=AGE)
    assert (result.examined, result.unreadable, result.failed, result.unavailable) == (5, 3, 2, True)


def test_failures_that_are_not_in_a_row_do_not_stop_the_run(proxy):
    due(6)
    failed = [refusal(503, "ServiceUnavailable")] * 3
    for _ in range(3):
        proxy.intercept("UpdateItem", *[lambda *_, fail=fail: fail() for fail in failed], proxy.ask_engine)
    result = sweep(at=AT, age=AGE)
    assert (result.examined, result.expired, result.failed) == (6, 3, 3)
    assert (result.stopped_early, result.unavailable, result.remaining) == (False, False, 3)


def test_a_batch_in_which_some_statements_succeed_is_not_an_outage(proxy):
    due(60)
    attempts = 1 + len(dynamodb.statements.WAITS)
    proxy.intercept(BATCH, *[failing_statements(proxy, 0, code="ThrottlingError")] * (3 * attempts))
    result = sweep(at=AT, age=AGE)
    assert result.expired > 0
    assert not result.unavailable


def test_the_last_order_of_a_run_may_fail_without_an_early_stop(proxy):
    due(1)
    proxy.refuse("UpdateItem", *[refusal(503, "ServiceUnavailable")] * 3)
    result = sweep(at=AT, age=AGE)
    assert (result.failed, result.stopped_early, result.remaining) == (1, False, 1)


def test_a_run_whose_time_is_up_during_an_outage_does_not_count_the_remaining_orders(proxy):
    due(3)
    proxy.refuse("UpdateItem", *[refusal(503, "ServiceUnavailable")] * 3)
    seen = []
    result = sweep(at=AT, age=AGE, watch=seen.append, time_is_up=lambda: bool(seen))
    assert (result.failed, result.stopped_early, result.unavailable, result.remaining) == (1, True, False, None)
    assert proxy.operations.count("Query") == 1


def test_refused_statements_are_not_all_looked_up_during_an_outage(proxy):
    due(25)
    proxy.change(BATCH, drop_response)
    proxy.refuse("GetItem", *[refusal(503, "ServiceUnavailable")] * 100)
    assert swept() == {"examined": 25, "failed": 25}
    assert proxy.operations.count("GetItem") == 3


def test_orders_with_a_refused_statement_are_not_all_tried_again_during_an_outage(proxy):
    orders = due(25)
    changes = [partial(overwrite, order.order_id, quantity={"N": "3"}) for order in orders[:5]]

    def changes_and_outage(reply):
        after_read(*changes)(reply)
        proxy.refuse("UpdateItem", *[refusal(503, "ServiceUnavailable")] * 100)
        proxy.operations.clear()
        return reply

    proxy.change("Query", changes_and_outage)
    assert swept() == {"examined": 25, "expired": 20, "failed": 5}
    assert proxy.operations.count("UpdateItem") == 3


def test_an_unreachable_engine_fails_all_updates_of_a_call(proxy):
    due(2)
    items = list(islice(listing.due(before=AT - AGE), 2))
    proxy.refuse(BATCH, *[refusal(503, "ServiceUnavailable")] * 3)
    results = dynamodb.execute_updates([batches.expiry_update(item, at=AT, by=BY) for item in items])
    assert [type(result) for result in results] == [StoreUnavailableError] * 2


def test_an_order_placed_meanwhile_is_not_due(table):
    due(30)
    young = placed(at=AT)
    assert swept() == {"examined": 30, "expired": 30}
    assert store.get(young.order_id).status is Status.PENDING

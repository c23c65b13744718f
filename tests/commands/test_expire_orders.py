import json
import logging
import re
import socket
import sys
from datetime import timedelta
from functools import partial
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError
from django.utils import timezone

from orders import expiry, store
from orders.errors import OrderError
from orders.expiry import sweep
from orders.instants import read_instant
from orders.lifecycle import Status
from tests.contract.fault_proxy import fault_proxy, refusal
from tests.contract.order_helpers import (
    BY,
    HOUR,
    NOW,
    all_orders,
    ids,
    make_too_large,
    make_unreadable,
    other_engine,
    overwrite,
    place_due,
    place_many,
    placed,
    race,
    set_outside,
    stored,
)

AGE = timedelta(hours=60)
FIELDS = {
    "cutoff",
    "dry_run",
    "examined",
    "expired",
    "moved_on",
    "repaired",
    "unreadable",
    "failed",
    "stopped_early",
    "unavailable",
    "remaining",
    "remaining_is_capped",
}


def statuses(orders):
    stored_orders = all_orders()
    return [stored_orders[order.order_id].status for order in orders]


# --- Which orders -----------------------------------------------------------------------------------------------------


def test_an_order_expires_after_61_hours_but_not_after_59(table, run):
    old = placed(at=timezone.now() - timedelta(hours=61))
    young = stored(placed(at=timezone.now() - timedelta(hours=59)).order_id)

    run("expire_orders")

    expired = store.get(old.order_id)
    assert (expired.status, expired.version) == (Status.EXPIRED, 2)
    assert expired.expired_at == expired.updated_at == expired.history[-1].at
    assert expired.history[-1].by == "system:expire_orders"
    assert stored(young["order_id"]["S"]) == young


def test_an_order_expires_just_after_the_expiry_age(table):
    at_it, just_after = placed(at=NOW - AGE), placed(at=NOW - AGE - timedelta(microseconds=1))
    assert sweep(at=NOW, age=AGE).expired == 1
    assert statuses([at_it, just_after]) == [Status.PENDING, Status.EXPIRED]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
def test_an_order_that_is_not_pending_is_not_changed(table, run, status):
    order = placed(status=status, at=timezone.now() - timedelta(days=30))
    before = stored(order.order_id)
    assert json.loads(run("expire_orders", "--json"))["examined"] == 0
    assert stored(order.order_id) == before


def test_the_expiry_age_can_be_set_by_an_argument(table, run):
    orders = [placed(at=timezone.now() - timedelta(minutes=minutes)) for minutes in (29, 31)]
    run("expire_orders", "--older-than", "0.5")
    assert statuses(orders) == [Status.PENDING, Status.EXPIRED]


def test_the_default_expiry_age_is_a_setting(table, run, settings):
    settings.ORDERS_EXPIRY_HOURS = 2
    orders = [placed(at=timezone.now() - timedelta(hours=hours)) for hours in (1, 3)]
    run("expire_orders")
    assert statuses(orders) == [Status.PENDING, Status.EXPIRED]


def test_a_run_outside_the_main_thread_expires_orders_too(table, run):
    orders = place_due(2)
    (output,) = race(lambda: run("expire_orders", "--json"))
    assert json.loads(output)["expired"] == 2
    assert statuses(orders) == [Status.EXPIRED] * 2


def test_a_run_without_due_orders_reports_zeros(table, run):
    summary = json.loads(run("expire_orders", "--json"))
    assert (summary["examined"], summary["expired"], summary["remaining"], summary["stopped_early"]) == (0, 0, 0, False)


# --- In parts ---------------------------------------------------------------------------------------------------------


def test_a_limited_run_expires_the_oldest_orders(table, run):
    orders = place_due(5)
    summary = json.loads(run("expire_orders", "--limit", "2", "--json"))
    assert (summary["examined"], summary["expired"], summary["remaining"], summary["stopped_early"]) == (2, 2, 3, True)
    assert statuses(orders) == [Status.PENDING] * 3 + [Status.EXPIRED] * 2


def test_a_limited_run_expires_the_oldest_orders_of_all_shards(table, settings, run):
    settings.ORDERS_INDEX_SHARDS = 4
    orders = place_due(12)
    run("expire_orders", "--limit", "5")
    assert statuses(orders) == [Status.PENDING] * 7 + [Status.EXPIRED] * 5


def test_a_run_that_reaches_its_limit_with_the_last_order_has_not_stopped_early(table, run):
    place_due(3)
    summary = json.loads(run("expire_orders", "--limit", "3", "--json"))
    assert (summary["expired"], summary["remaining"], summary["stopped_early"]) == (3, 0, False)


def test_a_dry_run_writes_nothing_and_reports_what_would_expire(table, run):
    orders = place_due(3)
    before = [stored(order.order_id) for order in orders]

    text = run("expire_orders", "--dry-run")

    assert text.startswith("Dry run: nothing was written.\n")
    assert lines_of(text)["would expire"] == "3"
    assert lines_of(text)["remaining"] == "3"
    assert [stored(order.order_id) for order in orders] == before
    summary = json.loads(run("expire_orders", "--dry-run", "--json"))
    assert (summary["dry_run"], summary["examined"], summary["expired"], summary["remaining"]) == (True, 3, 0, 3)


def test_a_dry_run_sends_only_queries(traffic, run):
    place_due(2)
    traffic.clear()
    run("expire_orders", "--dry-run")
    assert set(traffic.operations) == {"Query"}


def test_a_run_stops_when_its_time_is_up_and_reports_the_remaining_orders(table, run):
    orders = place_due(4)
    text = run("expire_orders", "--max-seconds", "0.000001")
    assert text.endswith("Stopped early; run it again to continue.\n")
    assert (lines_of(text)["examined"], lines_of(text)["remaining"]) == ("0", "4")
    assert statuses(orders) == [Status.PENDING] * 4


def test_a_run_with_enough_time_expires_all_due_orders(table, run):
    place_due(4)
    summary = json.loads(run("expire_orders", "--max-seconds", "60", "--json"))
    assert (summary["expired"], summary["stopped_early"]) == (4, False)


def test_the_next_run_expires_what_a_stopped_run_has_left(table):
    orders = place_many(6)
    seen = []
    first = sweep(at=NOW + AGE + HOUR, age=AGE, watch=seen.append, time_is_up=lambda: len(seen) >= 4)
    assert first.stopped_early
    assert first.expired == 6 - first.remaining
    assert statuses(orders).count(Status.EXPIRED) == first.expired

    second = sweep(at=NOW + AGE + HOUR, age=AGE)
    assert (second.expired, second.remaining) == (first.remaining, 0)
    assert statuses(orders) == [Status.EXPIRED] * 6


# --- The summary ------------------------------------------------------------------------------------------------------


def lines_of(text):
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in pairs}


def test_the_summary_contains_the_cutoff_and_every_count(table, run):
    place_due(2)
    started_at = timezone.now()

    lines = lines_of(run("expire_orders"))

    assert list(lines) == ["cutoff", "examined", "expired", "moved on", "repaired", "unreadable", "failed", "remaining"]
    cutoff, _, meaning = lines.pop("cutoff").partition(" ")
    assert started_at - AGE <= read_instant(cutoff) <= timezone.now() - AGE
    assert meaning == "(PENDING orders created before it expire)"
    assert list(lines.values()) == ["2", "2", "0", "0", "0", "0", "0"]


def test_the_summary_can_be_printed_as_one_line_of_json(table, run):
    place_due(2)
    started_at = timezone.now()
    text = run("expire_orders", "--json")
    assert text.count("\n") == 1
    summary = json.loads(text)
    assert set(summary) == FIELDS
    assert started_at - AGE <= read_instant(summary.pop("cutoff")) <= timezone.now() - AGE
    assert summary == {
        "dry_run": False,
        "examined": 2,
        "expired": 2,
        "moved_on": 0,
        "repaired": 0,
        "unreadable": 0,
        "failed": 0,
        "stopped_early": False,
        "unavailable": False,
        "remaining": 0,
        "remaining_is_capped": False,
    }


# --- Concurrency ------------------------------------------------------------------------------------------------------


def assert_expired_once(orders):
    for order in all_orders().values():
        assert [entry.status for entry in order.history] == [Status.PENDING, Status.EXPIRED]
        assert order.version == 2
    assert len(all_orders()) == len(orders)


def test_concurrent_sweeps_expire_each_order_once(table, shards_of_sweeps):
    orders = place_many(60)
    # Like real runs, each has an instant of its own. By its entry in the history, a run finds orders again that it has
    # expired by a call whose response was lost, and on a busy machine calls may time out.
    instants = [NOW + AGE + HOUR + timedelta(microseconds=number) for number in range(4)]
    sweeps = race(*[partial(sweep, at=at, age=AGE) for at in instants])
    assert sum(swept.expired for swept in sweeps) == 60
    for swept in sweeps:
        assert swept.examined == swept.expired + swept.moved_on
        assert (swept.failed, swept.remaining) == (0, 0)
    assert_expired_once(orders)


@pytest.fixture(params=[1, 4], ids=["one shard", "four shards"])
def shards_of_sweeps(request, settings):
    settings.ORDERS_INDEX_SHARDS = request.param


def test_concurrent_processes_expire_each_order_once(table, manage, finished):
    orders = place_due(80)
    one, other = finished(manage("expire_orders", "--json"), manage("expire_orders", "--json"))
    assert (one[0], other[0]) == (0, 0)
    summaries = [json.loads(output) for _, output, _ in (one, other)]
    assert sum(summary["expired"] for summary in summaries) == 80
    assert_expired_once(orders)


def test_a_sweep_does_not_change_orders_that_callers_change_or_delete_during_it(table):
    orders = place_many(80)
    moved, deleted, begun, stop = [], [], Event(), Event()

    def change_and_delete():
        for number, order in enumerate(orders[::2]):
            if stop.is_set():
                return
            try:
                if number % 4 == 0:
                    store.delete(order.order_id, versions={1})
                    deleted.append(order.order_id)
                else:
                    store.change_status(order.order_id, Status.PROCESSING, at=NOW, by=BY)
                    moved.append(order.order_id)
                    begun.set()
            except OrderError:
                return

    working = Thread(target=change_and_delete)
    working.start()
    assert begun.wait(60)
    swept = sweep(at=NOW + AGE + HOUR, age=AGE)
    stop.set()
    working.join()

    remaining = all_orders()
    assert moved
    assert set(remaining) == set(ids(orders)) - set(deleted)
    for order_id, order in remaining.items():
        end = Status.PROCESSING if order_id in moved else Status.EXPIRED
        assert [entry.status for entry in order.history] == [Status.PENDING, end]
    assert swept.expired == len(remaining) - len(moved)
    assert swept.examined == swept.expired + swept.moved_on
    assert swept.failed == 0


# --- Failures ---------------------------------------------------------------------------------------------------------


def test_other_orders_expire_if_one_fails(table, run, caplog):
    orders = place_due(4)
    failing = orders[-1].order_id
    make_too_large(failing)
    before = stored(failing)

    with caplog.at_level(logging.ERROR, logger=expiry.logger.name), pytest.raises(CommandError) as refusal:
        run("expire_orders")

    assert str(refusal.value).startswith("1 orders could not be expired")
    assert [record.getMessage() for record in caplog.records if failing in record.getMessage()]
    assert stored(failing) == before
    assert [stored(order.order_id)["status"]["S"] for order in orders[:-1]] == ["EXPIRED"] * 3


def test_the_command_counts_failed_orders_and_exits_with_1(table, manage, finished):
    orders = place_due(3)
    make_too_large(orders[1].order_id)
    ((status, output, errors),) = finished(manage("expire_orders", "--json"))
    summary = json.loads(output)
    assert status == 1
    assert (summary["examined"], summary["expired"], summary["failed"], summary["remaining"]) == (3, 2, 1, 1)
    assert "CommandError: 1 orders could not be expired" in errors
    assert orders[1].order_id in errors
    assert "Traceback" not in errors


def test_an_unreachable_dynamodb_is_reported_in_one_line(manage, finished):
    with socket.socket() as not_listening:
        not_listening.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{not_listening.getsockname()[1]}"
        ((status, output, errors),) = finished(manage("expire_orders", AWS_ENDPOINT_URL_DYNAMODB=nowhere))
    assert (status, output) == (1, "")
    assert errors.startswith("CommandError: DynamoDB is not responding: ")
    assert len(errors.splitlines()) == 1


def test_the_message_about_an_outage_explains_that_expired_orders_stay_expired(run, engine):
    with other_engine("http://127.0.0.1:9"), pytest.raises(CommandError, match="Orders that have expired stay expired"):
        run("expire_orders", "--json")


@pytest.fixture
def outage(engine, table):
    """The endpoint of a DynamoDB that can be read but refuses every write."""
    with fault_proxy(engine) as proxy:
        for operation in ("UpdateItem", "BatchExecuteStatement"):
            proxy.refuse(operation, *[refusal(503, "ServiceUnavailable")] * 1_000)
        yield proxy.endpoint


@pytest.mark.parametrize(("count", "failed"), [(3, 2), (230, 200)])
def test_the_command_stops_during_an_outage_and_exits_with_1(outage, manage, finished, count, failed):
    place_due(count)
    ((status, output, errors),) = finished(manage("expire_orders", "--json", AWS_ENDPOINT_URL_DYNAMODB=outage))
    summary = json.loads(output)
    assert status == 1
    assert (summary["examined"], summary["expired"], summary["failed"]) == (failed, 0, failed)
    assert (summary["stopped_early"], summary["unavailable"]) == (True, True)
    assert (summary["remaining"], summary["remaining_is_capped"]) == (None, False)
    assert errors.splitlines()[-1] == (
        "CommandError: The run stopped, because DynamoDB did not respond to 2 calls in a row. "
        f"{failed} orders could not be expired; the log names each. Run this again."
    )


def test_the_text_of_a_run_that_stopped_during_an_outage_does_not_guess_what_remains(outage, manage, finished):
    place_due(3)
    ((status, output, _),) = finished(manage("expire_orders", AWS_ENDPOINT_URL_DYNAMODB=outage))
    assert status == 1
    assert (lines_of(output)["failed"], lines_of(output)["remaining"]) == ("2", "unknown")
    assert output.endswith("Stopped early; run it again to continue.\n")


# --- Progress ---------------------------------------------------------------------------------------------------------


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_how_many_of_the_due_orders_were_examined(traffic, run, monkeypatch):
    place_due(30)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    run("expire_orders")
    assert "Orders examined: 30 of 30" in sys.stderr.getvalue()


def test_the_due_orders_are_counted_only_for_a_terminal(traffic, run, monkeypatch):
    place_due(3)
    traffic.clear()
    run("expire_orders")
    assert traffic.operations.count("Query") == 1


# --- Arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["0", "-1", "+1", "nan", "NaN", "inf", "-inf", "1e999", "1_0", "٣", "soon", "", "1,5", ".5", "87601"],
)
@pytest.mark.parametrize("name", ["--older-than", "--max-seconds"])
def test_an_invalid_number_is_refused_and_nothing_is_done(traffic, run, name, value):
    place_due(1)
    traffic.clear()
    with pytest.raises(CommandError, match=f"argument {name}: {re.escape(repr(value))} is not a number above 0"):
        run("expire_orders", f"{name}={value}")
    assert traffic.operations == []


@pytest.mark.parametrize(("name", "maximum"), [("--older-than", 87_600), ("--max-seconds", 86_400)])
def test_each_number_has_its_own_maximum(table, run, name, maximum):
    run("expire_orders", f"{name}={maximum}")
    with pytest.raises(
        CommandError, match=f"argument {name}: '{maximum + 1}' is not a number above 0 and up to {maximum}"
    ):
        run("expire_orders", f"{name}={maximum + 1}")


@pytest.mark.parametrize("value", ["0", "-1", "+4", "1.5", "1_000", "1,000", "nan", "inf", "soon", "", "²", "٣"])
def test_an_invalid_limit_is_refused_and_nothing_is_done(traffic, run, value):
    place_due(1)
    traffic.clear()
    with pytest.raises(
        CommandError, match=f"argument --limit: {re.escape(repr(value))} is not a whole number of 1 or more"
    ):
        run("expire_orders", f"--limit={value}")
    assert traffic.operations == []


def test_an_unknown_argument_is_refused(traffic, run):
    with pytest.raises(CommandError, match="unrecognized arguments: --older"):
        run("expire_orders", "--olderthan=3")
    assert traffic.operations == []


# --- Orders that other programs changed -------------------------------------------------------------------------------


def summary_of(output):
    summary = json.loads(output)
    return {name: summary[name] for name in ("examined", "expired", "moved_on", "repaired", "unreadable", "failed")}


def test_unreadable_orders_are_counted_and_logged_but_do_not_fail_the_run(table, run, caplog):
    orders = place_due(4)
    make_unreadable(orders[3].order_id)
    overwrite(orders[2].order_id, quantity={"S": "2"})
    before = [stored(order.order_id) for order in orders[2:]]

    with caplog.at_level(logging.WARNING):
        summary = json.loads(run("expire_orders", "--json"))

    assert (summary["examined"], summary["expired"], summary["unreadable"], summary["failed"]) == (4, 2, 2, 0)
    assert (summary["remaining"], summary["stopped_early"]) == (0, False)
    assert [stored(order.order_id) for order in orders[2:]] == before
    for order in orders[2:]:
        assert sum(order.order_id in record.getMessage() for record in caplog.records) == 1


def test_unreadable_orders_do_not_count_as_remaining(table, run):
    for order in place_due(6)[2:]:
        overwrite(order.order_id, quantity={"S": "2"})
    summary = json.loads(run("expire_orders", "--limit", "1", "--json"))
    assert (summary["expired"], summary["unreadable"], summary["remaining"]) == (1, 4, 1)
    summary = json.loads(run("expire_orders", "--limit", "1", "--json"))
    assert (summary["expired"], summary["unreadable"], summary["remaining"]) == (1, 4, 0)
    lines = lines_of(run("expire_orders"))
    assert (lines["expired"], lines["unreadable"], lines["remaining"]) == ("0", "4", "0")


def test_an_order_whose_status_another_program_set_is_repaired(table, run):
    orders = place_due(3)
    set_outside(orders[2].order_id, "COMPLETED")
    set_outside(orders[1].order_id, "EXPIRED", expired_at={"S": "2026-11-22T23:00:00.5"})

    assert summary_of(run("expire_orders", "--json")) == {
        "examined": 3,
        "expired": 1,
        "moved_on": 0,
        "repaired": 2,
        "unreadable": 0,
        "failed": 0,
    }
    completed, expired = store.get(orders[2].order_id), store.get(orders[1].order_id)
    assert (completed.status, completed.revision) == (Status.COMPLETED, 2)
    assert (completed.history[-1].status, completed.history[-1].by) == (Status.COMPLETED, "system:outside")
    assert (expired.status, expired.expired_at) == (Status.EXPIRED, read_instant("2026-11-22T23:00:00.5"))
    assert expired.history[-1].by == "system:outside"
    # A second run finds nothing to repair.
    assert json.loads(run("expire_orders", "--json"))["examined"] == 0


def test_orders_that_other_programs_changed_do_not_count_towards_the_limit(table, run):
    orders = place_due(20)
    for order in orders[13:]:
        set_outside(order.order_id, "CANCELLED")
    for order in orders[10:13]:
        make_unreadable(order.order_id)
    summary = json.loads(run("expire_orders", "--limit", "5", "--json"))
    assert (summary["expired"], summary["repaired"], summary["unreadable"]) == (5, 7, 3)
    assert (summary["remaining"], summary["stopped_early"]) == (5, True)
    assert [stored(order.order_id)["status"]["S"] for order in orders[5:10]] == ["EXPIRED"] * 5


def test_a_dry_run_counts_orders_that_other_programs_changed_separately(table, run):
    orders = place_due(4)
    set_outside(orders[3].order_id, "CANCELLED")
    make_unreadable(orders[2].order_id)
    before = [stored(order.order_id) for order in orders]
    lines = lines_of(run("expire_orders", "--dry-run"))
    assert (lines["would expire"], lines["would repair"], lines["unreadable"]) == ("2", "1", "1")
    assert lines["remaining"] == "2"
    assert [stored(order.order_id) for order in orders] == before


def test_a_due_order_with_a_status_in_lower_case_expires(table, run):
    [order] = place_due(1)
    set_outside(order.order_id, "pending")
    assert json.loads(run("expire_orders", "--json"))["expired"] == 1
    assert stored(order.order_id)["status"] == {"S": "EXPIRED"}


def test_an_order_that_another_program_changes_during_the_read_is_repaired_by_the_next_run(table, run):
    orders = place_due(2)
    seen = []

    def another_program(result):
        if not seen:
            seen.append(set_outside(orders[0].order_id, "CANCELLED"))

    # Both are read at once, and the newer one is changed after the older one was expired.
    swept = sweep(at=timezone.now(), age=AGE, watch=another_program)
    assert (swept.expired, swept.moved_on, swept.repaired) == (1, 1, 0)
    assert json.loads(run("expire_orders", "--json"))["repaired"] == 1

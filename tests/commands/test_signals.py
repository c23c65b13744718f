"""SIGINT and SIGTERM stop a command: real processes and signals, paused at a call to DynamoDB."""

import json
import signal
from threading import Event

import pytest

from orders.batches import BATCH
from orders.expiry import CALLS
from orders.lifecycle import Status
from orders.models import Order
from tests.contract.fault_proxy import fault_proxy
from tests.contract.order_helpers import all_orders, place_due
from tests.signals import handled

PATIENCE = 60
NOTICE = "Stopping after the current step. A second signal stops at once.\n"
SIGNALS = pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])


class DelayedReply:
    """Delays the engine's response until the test releases it."""

    def __init__(self):
        self.reached, self.release = Event(), Event()

    def __call__(self, reply):
        self.reached.set()
        assert self.release.wait(PATIENCE)
        return reply


@pytest.fixture
def proxy(engine, table):
    with fault_proxy(engine) as proxy:
        yield proxy


@pytest.fixture
def delayed():
    delayed = DelayedReply()
    yield delayed
    delayed.release.set()


@pytest.fixture
def start(proxy, manage):
    """Starts the command and waits until the response to its call of this operation is delayed."""
    processes = []

    def start(delayed, operation, *words):
        # botocore retries a call after 2 s; the responses to the retries are delayed as well.
        proxy.change(operation, delayed, delayed, delayed)
        process = manage(*words, AWS_ENDPOINT_URL_DYNAMODB=proxy.endpoint)
        processes.append(process)
        assert delayed.reached.wait(PATIENCE)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def interrupt(process, signum):
    """Send the signal and wait until the command has noticed it."""
    process.send_signal(signum)
    assert process.stderr.readline() == NOTICE


def end(process):
    output, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors
    return process.returncode, output


@SIGNALS
def test_a_sweep_finishes_the_current_order_and_the_next_run_continues(start, delayed, run, signum):
    orders = place_due(3)
    process = start(delayed, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signum)
    delayed.release.set()
    status, output = end(process)
    summary = json.loads(output)
    assert status == 128 + signum
    assert (summary["examined"], summary["expired"], summary["failed"]) == (1, 1, 0)
    assert (summary["stopped_early"], summary["remaining"]) == (True, 2)
    assert all_orders()[orders[-1].order_id].status is Status.EXPIRED
    assert json.loads(run("expire_orders", "--json"))["expired"] == 2


def test_a_signal_at_the_last_order_is_not_a_failure(start, delayed):
    place_due(1)
    process = start(delayed, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signal.SIGTERM)
    delayed.release.set()
    status, output = end(process)
    assert status == 0
    assert (json.loads(output)["expired"], json.loads(output)["stopped_early"]) == (1, False)


@SIGNALS
def test_a_second_signal_ends_the_sweep_at_once(start, delayed, signum):
    place_due(3)
    process = start(delayed, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signum)
    process.send_signal(signum)
    assert end(process) == (128 + signum, "")


@SIGNALS
def test_a_sweep_in_batches_finishes_the_current_round(start, delayed, run, signum):
    orders = place_due(CALLS * BATCH + 30)
    process = start(delayed, "BatchExecuteStatement", "expire_orders", "--json")
    interrupt(process, signum)
    delayed.release.set()
    status, output = end(process)
    summary = json.loads(output)
    assert status == 128 + signum
    assert (summary["examined"], summary["expired"], summary["failed"]) == (CALLS * BATCH, CALLS * BATCH, 0)
    assert (summary["stopped_early"], summary["remaining"]) == (True, 30)
    assert json.loads(run("expire_orders", "--json"))["expired"] == 30
    assert_expired_once(orders)


@SIGNALS
def test_a_second_signal_ends_a_sweep_in_batches_at_once(start, delayed, signum):
    """It does not wait for the calls of the other threads, whose responses are delayed until the end of the test."""
    place_due(60)
    process = start(delayed, "BatchExecuteStatement", "expire_orders", "--json")
    interrupt(process, signum)
    process.send_signal(signum)
    assert end(process) == (128 + signum, "")
    assert not delayed.release.is_set()


def test_the_next_run_continues_a_killed_sweep(start, delayed, run):
    orders = place_due(CALLS * BATCH + 30)
    process = start(delayed, "BatchExecuteStatement", "expire_orders", "--json")
    process.kill()
    process.communicate()
    delayed.release.set()
    summary = json.loads(run("expire_orders", "--json"))
    assert summary["expired"] >= 30
    assert (summary["failed"], summary["remaining"]) == (0, 0)
    assert_expired_once(orders)


def assert_expired_once(orders):
    found = all_orders()
    for order in orders:
        assert [entry.status for entry in found[order.order_id].history] == [Status.PENDING, Status.EXPIRED]


def test_interrupted_seeding_prints_how_many_orders_it_wrote(start, delayed):
    process = start(delayed, "BatchWriteItem", "seed_orders", "--count=100")
    interrupt(process, signal.SIGINT)
    delayed.release.set()
    status, output = end(process)
    written = len(list(Order.scan()))
    assert (status, output) == (130, f"Wrote {written} of 100 orders dated within the last 30 days.\n")
    assert 25 <= written < 100


@pytest.fixture
def default_interrupt():
    """SIGINT interrupts a process. In the background of a script, the tests and their processes ignore it."""
    with handled(signal.SIGINT, signal.default_int_handler):
        yield


@pytest.mark.usefixtures("default_interrupt")
def test_ctrl_c_ends_any_other_command_without_a_traceback(start, delayed):
    process = start(delayed, "DescribeTable", "create_orders_table")
    process.send_signal(signal.SIGINT)
    assert end(process) == (130, "")

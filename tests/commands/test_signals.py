"""SIGINT and SIGTERM stop a command: real processes and signals, paused at a call to DynamoDB."""

import json
import signal
from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order
from tests.contract.fault_proxy import opened
from tests.contract.order_helpers import crowd, everything

PATIENCE = 60
NOTICE = "Stopping after the current step. A second signal stops at once.\n"
SIGNALS = pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])


class Held:
    """A reply of the engine that is delayed until the test releases it."""

    def __init__(self):
        self.reached, self.release = Event(), Event()

    def __call__(self, reply):
        self.reached.set()
        assert self.release.wait(PATIENCE)
        return reply


@pytest.fixture
def way(engine, table):
    with opened(engine) as way:
        yield way


@pytest.fixture
def held():
    held = Held()
    yield held
    held.release.set()


@pytest.fixture
def start(way, manage):
    """Starts the command and waits until its call of this operation is held."""
    processes = []

    def start(held, operation, *words):
        # botocore repeats a call after 2 s; the repeats are held as well.
        way.change(operation, held, held, held)
        process = manage(*words, AWS_ENDPOINT_URL_DYNAMODB=way.endpoint)
        processes.append(process)
        assert held.reached.wait(PATIENCE)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def due(count):
    return crowd(count, newest=timezone.now() - timedelta(hours=61))


def interrupt(process, signum):
    """Send the signal and wait until the command has noticed it."""
    process.send_signal(signum)
    assert process.stderr.readline() == NOTICE


def end(process):
    output, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors
    return process.returncode, output


@SIGNALS
def test_a_sweep_finishes_the_current_order_and_prints_its_summary(start, held, signum):
    orders = due(3)
    process = start(held, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signum)
    held.release.set()
    status, output = end(process)
    summary = json.loads(output)
    assert status == 128 + signum
    assert (summary["examined"], summary["expired"], summary["failed"]) == (1, 1, 0)
    assert (summary["stopped_early"], summary["remaining"]) == (True, 2)
    assert everything()[orders[-1].order_id].status is Status.EXPIRED


def test_the_next_run_continues_an_interrupted_sweep(start, held, run):
    due(3)
    process = start(held, "UpdateItem", "expire_orders")
    interrupt(process, signal.SIGTERM)
    held.release.set()
    _, output = end(process)
    assert output.endswith("Stopped early; run it again to continue.\n")
    assert json.loads(run("expire_orders", "--json"))["expired"] == 2


def test_a_signal_at_the_last_order_is_not_a_failure(start, held):
    due(1)
    process = start(held, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signal.SIGTERM)
    held.release.set()
    status, output = end(process)
    assert status == 0
    assert (json.loads(output)["expired"], json.loads(output)["stopped_early"]) == (1, False)


@SIGNALS
def test_a_second_signal_ends_the_sweep_at_once(start, held, signum):
    due(3)
    process = start(held, "UpdateItem", "expire_orders", "--json")
    interrupt(process, signum)
    process.send_signal(signum)
    assert end(process) == (128 + signum, "")


def test_an_interrupted_seeding_says_how_many_orders_it_wrote(start, held):
    process = start(held, "BatchWriteItem", "seed_orders", "--count=100")
    interrupt(process, signal.SIGINT)
    held.release.set()
    status, output = end(process)
    written = len(list(Order.scan()))
    assert (status, output) == (130, f"Wrote {written} of 100 orders dated within the last 30 days.\n")
    assert 25 <= written < 100


def test_ctrl_c_ends_any_other_command_without_a_traceback(start, held):
    process = start(held, "DescribeTable", "create_orders_table")
    process.send_signal(signal.SIGINT)
    assert end(process) == (130, "")

"""Concurrent calls return their results in order, and a caller never waits for results that it does not need."""

import runpy
import threading
import time

import pytest

from orders.concurrency import MAX_THREADS, map_concurrently
from orders.models import Order
from ordersite.deadline import DeadlinePassedError, deadline

TOO_LONG = 20
"""Seconds. Only a failing test waits this long."""


class Calls:
    """Calls that block until the test releases them."""

    def __init__(self):
        self.release = threading.Event()
        self.started, self.finished = [], []

    def call(self, number):
        self.started.append(number)
        if number == "broken":
            raise ValueError(number)
        self.release.wait(TOO_LONG)
        self.finished.append(number)
        return number


@pytest.fixture
def calls():
    before = set(threading.enumerate())
    calls = Calls()
    yield calls
    calls.release.set()
    wait_until_ended(set(threading.enumerate()) - before)


def wait_until_ended(threads):
    # A deadline may interrupt the start of a thread, which then cannot be joined yet.
    while threads & set(threading.enumerate()):
        time.sleep(0.01)


def test_results_are_in_the_order_of_the_items(calls):
    calls.release.set()
    assert map_concurrently(calls.call, range(100)) == list(range(100))
    assert map_concurrently(calls.call, [7]) == [7]
    assert map_concurrently(calls.call, []) == []


def test_a_passed_deadline_does_not_wait_for_running_calls(calls):
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        map_concurrently(calls.call, range(100))
    assert calls.finished == []


def test_the_first_error_is_raised_without_waiting_for_the_other_calls(calls):
    with pytest.raises(ValueError, match="broken"):
        map_concurrently(calls.call, ["broken", *range(100)])
    assert calls.finished == []


def test_calls_that_have_not_started_are_cancelled(calls):
    before = set(threading.enumerate())
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        map_concurrently(calls.call, range(100))
    workers = set(threading.enumerate()) - before
    assert len(workers) <= MAX_THREADS
    calls.release.set()
    wait_until_ended(workers)
    assert len(calls.started) <= MAX_THREADS


def test_the_pool_has_a_connection_for_each_thread_of_gunicorn():
    threads = runpy.run_path("gunicorn.conf.py")["threads"]
    assert Order.Meta.max_pool_connections == threads * MAX_THREADS

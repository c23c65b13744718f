"""Concurrent calls: the order of their results, and that no caller waits for results that it no longer needs."""

import threading

import pytest

from orders.concurrency import MAX_THREADS, map_concurrently
from ordersite.deadline import DeadlinePassedError, deadline

TOO_LONG = 20
"""Seconds. Only a test that fails waits so long."""


class Questions:
    """Questions that wait until the test releases them."""

    def __init__(self):
        self.release = threading.Event()
        self.asked, self.answered = [], []

    def ask(self, number):
        self.asked.append(number)
        if number == "broken":
            raise ValueError(number)
        self.release.wait(TOO_LONG)
        self.answered.append(number)
        return number


@pytest.fixture
def questions():
    before = set(threading.enumerate())
    questions = Questions()
    yield questions
    questions.release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()


def test_results_are_in_the_order_of_the_items(questions):
    questions.release.set()
    assert map_concurrently(questions.ask, range(100)) == list(range(100))
    assert map_concurrently(questions.ask, [7]) == [7]
    assert map_concurrently(questions.ask, []) == []


def test_the_deadline_of_a_request_does_not_wait_for_questions_under_way(questions):
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        map_concurrently(questions.ask, range(100))
    assert questions.answered == []


def test_the_first_error_is_raised_without_waiting_for_the_other_questions(questions):
    with pytest.raises(ValueError, match="broken"):
        map_concurrently(questions.ask, ["broken", *range(100)])
    assert questions.answered == []


def test_questions_that_had_not_begun_are_never_asked(questions):
    before = set(threading.enumerate())
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        map_concurrently(questions.ask, range(100))
    workers = set(threading.enumerate()) - before
    assert len(workers) <= MAX_THREADS
    questions.release.set()
    for worker in workers:
        worker.join()
    assert len(questions.asked) <= MAX_THREADS

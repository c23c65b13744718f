"""An end in the midst of what takes too long; real seconds, but few."""

import signal
import threading
import time

import pytest

from ordersite.deadline import DeadlinePassedError, deadline


def test_what_takes_longer_is_ended_where_it_stands():
    began = time.monotonic()
    with pytest.raises(DeadlinePassedError) as ended, deadline(0.1):
        time.sleep(600)
    assert time.monotonic() - began < 500
    assert any("time.sleep(600)" in str(entry.statement) for entry in ended.traceback)


def take_any_error_for_ones_own():
    try:
        time.sleep(10)
    except Exception:  # noqa: BLE001 (what a library might write)
        time.sleep(10)


def test_no_handler_of_errors_on_the_way_takes_it_for_one_of_its_own():
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        take_any_error_for_ones_own()


def test_a_time_that_is_over_already_ends_the_work_at_once():
    with pytest.raises(DeadlinePassedError), deadline(-1):
        time.sleep(10)


def test_what_is_through_in_time_hears_nothing_of_it_later():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(600):
        pass
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_in_another_thread_which_no_signal_reaches_there_is_no_end():
    went = []

    def work():
        with deadline(0.01):
            time.sleep(0.05)
            went.append("on")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert went == ["on"]

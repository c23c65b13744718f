"""A deadline interrupts code that takes too long. The tests use real time."""

import signal
import threading
import time

import pytest

from ordersite.deadline import DeadlinePassedError, deadline


def test_code_that_takes_too_long_is_interrupted_at_its_current_line():
    started_at = time.monotonic()
    with pytest.raises(DeadlinePassedError) as raised, deadline(0.1):
        time.sleep(600)
    assert time.monotonic() - started_at < 500
    assert any("time.sleep(600)" in str(entry.statement) for entry in raised.traceback)


def catch_every_exception():
    try:
        time.sleep(10)
    except Exception:  # noqa: BLE001 (as some libraries do)
        time.sleep(10)


def test_except_exception_does_not_catch_the_error():
    with pytest.raises(DeadlinePassedError), deadline(0.1):
        catch_every_exception()


def test_a_deadline_in_the_past_interrupts_the_code_at_once():
    with pytest.raises(DeadlinePassedError), deadline(-1):
        time.sleep(10)


def test_a_block_that_finishes_in_time_leaves_no_handler_and_no_timer():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(600):
        pass
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_deadline_has_no_effect_outside_the_main_thread():
    finished = []

    def work():
        with deadline(0.01):
            time.sleep(0.05)
            finished.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert finished == [True]

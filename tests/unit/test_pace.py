import pytest

from orders.pace import Pace


def test_the_first_steps_need_not_wait():
    assert Pace(10).delay("a", 5, at=100.0) == 0.0


def test_steps_wait_until_those_before_have_had_their_time():
    pace = Pace(10)
    pace.delay("a", 5, at=100.0)
    assert pace.delay("a", 1, at=100.0) == pytest.approx(0.5)
    assert pace.delay("a", 1, at=100.2) == pytest.approx(0.4)
    assert pace.delay("a", 1, at=101.0) == 0.0


def test_each_key_has_its_own_pace():
    pace = Pace(10)
    pace.delay("a", 50, at=100.0)
    assert pace.delay("b", 50, at=100.0) == 0.0
    assert pace.delay("a", 1, at=100.0) == pytest.approx(5)


def test_a_delay_is_made_up_for_but_only_up_to_a_second():
    pace = Pace(10)
    pace.delay("a", 1, at=100.0)
    # 8 seconds later, 10 steps may be taken at once, and no more.
    assert pace.delay("a", 10, at=108.0) == 0.0
    assert pace.delay("a", 1, at=108.0) == 0.0
    assert pace.delay("a", 1, at=108.0) == pytest.approx(0.1)


def test_no_more_steps_are_taken_than_the_pace_allows():
    pace, now, taken = Pace(500), 0.0, 0
    while now < 60:
        now += pace.delay("a", 100, at=now) + 0.01
        taken += 100
    assert 500 * 59 <= taken <= 500 * 61 + 100

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import lifecycle
from orders.lifecycle import Status, parse_status
from tests.unit.transitions import pairs

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIXTY_HOURS = timedelta(hours=60)
MICROSECOND = timedelta(microseconds=1)

ages = st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=3650))
instants = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)


def test_the_table_covers_every_pair_of_statuses():
    assert len({(source, to) for source, to, _ in pairs()}) == len(Status) ** 2 == 25


@pytest.mark.parametrize(("source", "to", "allowed"), pairs())
def test_a_caller_may_use_only_the_allowed_transitions(source, to, allowed):
    assert (to in lifecycle.allowed_transitions(source)) is allowed
    assert (source in lifecycle.sources(to)) is allowed


def test_a_new_order_is_pending():
    assert lifecycle.INITIAL is Status.PENDING


@pytest.mark.parametrize(
    ("status", "terminal"),
    [
        (Status.PENDING, False),
        (Status.PROCESSING, False),
        (Status.COMPLETED, True),
        (Status.CANCELLED, True),
        (Status.EXPIRED, True),
    ],
)
def test_completed_cancelled_and_expired_are_terminal(status, terminal):
    assert lifecycle.is_terminal(status) is terminal


@pytest.mark.parametrize("text", ["PENDING", "pending", "Pending", " pENDING\n"])
def test_a_status_is_parsed_in_any_case(text):
    assert parse_status(text) is Status.PENDING


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CANCELED",
        "SHIPPED",
        "PEND",
        "PENDING,CANCELLED",
        "PENDING#0",
        "None",
        "proce\u017f\u017fing",
        "PENDING\u00a0",
    ],
)
def test_an_unknown_status_is_refused_with_a_list_of_the_statuses(text):
    with pytest.raises(ValueError, match="PENDING, PROCESSING, COMPLETED, CANCELLED, EXPIRED") as refusal:
        parse_status(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
def test_only_a_pending_order_expires(status):
    assert lifecycle.expires_at(status, NOON, age=SIXTY_HOURS) is None


def test_a_pending_order_expires_at_the_expiry_age():
    expected = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert lifecycle.expires_at(Status.PENDING, NOON, age=SIXTY_HOURS) == expected


def test_the_cutoff_is_the_instant_minus_the_age():
    assert lifecycle.cutoff(at=NOON, age=SIXTY_HOURS) == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


@given(created_at=instants, age=ages)
def test_an_order_is_due_only_after_expires_at(created_at, age):
    expires_at = lifecycle.expires_at(Status.PENDING, created_at, age=age)
    assert not created_at < lifecycle.cutoff(at=expires_at - MICROSECOND, age=age)
    assert not created_at < lifecycle.cutoff(at=expires_at, age=age)
    assert created_at < lifecycle.cutoff(at=expires_at + MICROSECOND, age=age)

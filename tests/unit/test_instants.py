from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.instants import MissingZoneError, parse_instant, read_instant, write_instant

zones = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)))
# Without the first and last day of the calendar, which would be in the year 0 or 10000 in other time zones.
instants = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 (hypothesis adds the zone)


def test_an_instant_is_written_in_utc_with_microseconds():
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert write_instant(datetime(2026, 11, 22, 15, 45, 30, 123456, kolkata)) == "2026-11-22T10:15:30.123456Z"
    assert write_instant(datetime(2026, 11, 22, tzinfo=UTC)) == "2026-11-22T00:00:00.000000Z"


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        write_instant(datetime(2026, 11, 22, 10, 15))  # noqa: DTZ001 (under test)


@given(instants)
def test_a_written_instant_can_be_read(instant):
    read = read_instant(write_instant(instant))
    assert read == instant
    assert read.utcoffset() == timedelta(0)


@given(instants)
def test_all_texts_have_the_same_length(instant):
    assert len(write_instant(instant)) == len("2026-11-22T10:15:30.123456Z")


@given(instants, instants)
def test_texts_sort_by_time(one, other):
    assert (write_instant(one) < write_instant(other)) is (one < other)
    assert (write_instant(one) == write_instant(other)) is (one == other)


@given(instants, st.integers(-1_000_000, 1_000_000))
def test_texts_of_close_instants_sort_by_time(one, microseconds):
    other = one + timedelta(microseconds=microseconds)
    assert (write_instant(one) < write_instant(other)) is (one < other)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-05-01T10:15:30.123456", datetime(2024, 5, 1, 10, 15, 30, 123456, UTC)),
        ("2024-05-01T10:15:30", datetime(2024, 5, 1, 10, 15, 30, 0, UTC)),
        ("2024-05-01 10:15:30.5", datetime(2024, 5, 1, 10, 15, 30, 500000, UTC)),
        ("2024-05-01T10:15:30.123456+00:00", datetime(2024, 5, 1, 10, 15, 30, 123456, UTC)),
        ("2024-05-01T15:45:30+05:30", datetime(2024, 5, 1, 10, 15, 30, 0, UTC)),
        ("2024-05-01T10:15:30Z", datetime(2024, 5, 1, 10, 15, 30, 0, UTC)),
    ],
)
def test_texts_of_the_former_system_are_read_as_utc(text, instant):
    read = read_instant(text)
    assert read == instant
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01T00:00:00Z", "1714558530"])
def test_a_stored_text_that_is_not_an_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"Invalid isoformat|month must be"):
        read_instant(text)


# --- Instants from callers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:15:30Z",
        "2026-11-22t10:15:30z",
        "2026-11-22 10:15:30Z",
        "2026-11-22T10:15:30.000000Z",
        "2026-11-22T10:15:30.0000009Z",
        "2026-11-22T15:45:30+05:30",
        "2026-11-22T10:15:30-00:00",
    ],
)
def test_an_instant_in_rfc_3339_format_is_parsed(text):
    instant = parse_instant(text)
    assert instant == datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


def test_the_seconds_are_optional():
    assert parse_instant("2026-11-22T10:15Z") == datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


@given(instants)
def test_a_written_instant_can_be_parsed(instant):
    assert parse_instant(write_instant(instant)) == instant


@pytest.mark.parametrize("text", ["2026-11-22", "2026-11-22T10:15", "2026-11-22T10:15:30", "2026-11-22 10:15:30.5"])
def test_an_instant_without_a_time_zone_gets_its_own_error(text):
    with pytest.raises(MissingZoneError, match="time zone"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22é10:15Z",
        "2026-11-22+05:30",
        "2026-11-22T10:15:30Z\n",
        " 2026-11-22T10:15:30Z",
        "2026-11-22T10:15:30Z\0",
        "20261122T101530Z",
        "2026-W47-7T10:15:30Z",
        "2026-11-22T10Z",
        "2026-11-22T10:15:30,5Z",
        "2026-11-22T10:15:30.Z",
        "2026-11-22T10:15:30+0530",
        "2026-11-22T10:15:30+05:30:10",
        "2026-11-22T10:15:60Z",
        "2026-02-30T10:15:30Z",
        "\uff12026-11-22T10:15:30Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_any_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r".") as refusal:
        parse_instant(text)
    assert not isinstance(refusal.value, MissingZoneError)

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.keys import caller_for
from accounts.management.commands.create_api_key import expiry
from accounts.models import ApiKey

AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_only_the_key_is_printed_and_it_works(db):
    out, _ = run("--name", "shop")
    assert re.fullmatch(r"[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\n", out)
    assert caller_for(out.strip(), at=AT).name == "shop"


def test_standard_error_says_that_the_key_cannot_be_shown_again(db):
    out, err = run("--name", "shop")
    assert 'This is the read-write key "shop"; it never expires.' in err
    assert "it cannot be shown again" in err
    assert out.strip() not in err


def test_a_key_is_read_write_unless_read_only_is_requested(db):
    run("--name", "shop")
    run("--name", "report", "--read-only")
    assert dict(ApiKey.objects.values_list("name", "access")) == {"shop": "read-write", "report": "read-only"}


def test_a_key_never_expires_unless_a_lifetime_is_given(db):
    run("--name", "shop")
    assert ApiKey.objects.get().expiry_date is None


def test_the_lifetime_starts_now(db):
    before = datetime.now(UTC)
    _, err = run("--name", "shop", "--expires", "90d")
    row = ApiKey.objects.get()
    assert before + timedelta(days=90) <= row.expiry_date <= datetime.now(UTC) + timedelta(days=90)
    assert f"expires at {row.expiry_date:%Y-%m-%dT%H:%M:%SZ}" in err


@pytest.mark.parametrize(
    ("lifetime", "duration"),
    [
        ("1h", timedelta(hours=1)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("9999d", timedelta(days=9999)),
    ],
)
def test_a_lifetime_is_days_or_hours(lifetime, duration):
    assert expiry(lifetime, at=AT) == AT + duration


@pytest.mark.parametrize(
    "lifetime",
    [
        "",
        "0d",
        "00d",
        "-1d",
        "+1d",
        "1",
        "d",
        "soon",
        "1.5d",
        "90 d",
        "90D",
        "1w",
        "٣d",
        "10000d",
        "99999999999d",
        "90d\n",
    ],
)
def test_any_other_lifetime_is_refused_and_nothing_is_stored(db, lifetime):
    with pytest.raises(CommandError, match=r"is not a lifetime\. Use a whole number from 1 to 9999"):
        run("--name", "shop", f"--expires={lifetime}")
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "The name is blank"),
        ("  \t", "The name is blank"),
        ("x" * 51, "The name has 51 characters; at most 50 are allowed"),
        ("\u200b\u3164", "The name is blank"),
        ("shop\nstaff:root", r"control character LINE FEED \(U\+000A\) at position 5\. Remove it\."),
        ("shop\u202e", r"invisible character RIGHT-TO-LEFT OVERRIDE \(U\+202E\) at position 5\. Remove it\."),
    ],
)
def test_an_invalid_name_is_refused_and_nothing_is_stored(db, name, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(f"--name={name}")
    assert not ApiKey.objects.exists()


def test_the_longest_name_is_accepted_without_the_blanks_around_it(db):
    run(f"--name= {'é' * 50} ")
    assert ApiKey.objects.get().name == "é" * 50


def test_a_name_is_required(db):
    with pytest.raises(CommandError, match="--name"):
        run()

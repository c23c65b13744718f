"""The buckets that count requests, at times that the tests choose."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from rest_framework.test import APIRequestFactory

from accounts.callers import ApiKeyCaller
from accounts.models import User
from accounts.throttling import CACHE, SECOND, identity_of, seconds_to_wait

NOW = 1_800_000_000 * SECOND
SIX_A_MINUTE = (6, 60)


def wait(second, identity="key:shop", rate=SIX_A_MINUTE, **options):
    return seconds_to_wait(identity, rate, at=NOW + int(second * SECOND), **options)


def test_as_many_requests_as_the_rate_are_accepted_at_once_and_the_next_must_wait():
    assert [wait(0) for _ in range(7)] == [0] * 6 + [10]


def test_a_full_limit_refills_at_an_even_rate():
    for _ in range(6):
        wait(0)
    assert wait(9.5) == 0.5
    assert wait(10) == 0
    assert wait(10) == 10
    assert [wait(30), wait(30), wait(30)] == [0, 0, 10]


def test_a_request_that_must_wait_is_not_counted():
    for _ in range(100):
        wait(0)
    assert wait(10) == 0


def test_after_the_period_the_full_limit_is_available_again():
    for _ in range(6):
        wait(0)
    assert [wait(60) for _ in range(7)] == [0] * 6 + [10]


def test_checking_without_counting_does_not_count():
    for _ in range(100):
        assert wait(0, count=False) == 0
    assert [wait(0) for _ in range(7)] == [0] * 6 + [10]
    assert wait(0, count=False) == 10


def test_setting_the_clock_back_does_not_lock_callers_out():
    for _ in range(6):
        wait(10_000)
    assert wait(0) == 0


def test_each_identity_has_its_own_limit():
    for _ in range(7):
        wait(0)
    assert wait(0, identity="key:other") == 0


@pytest.mark.parametrize("rate", [(1, 86_400), (9_999_999, 1), (1200, 60), (7, 3600)])
def test_any_rate_accepts_exactly_that_many_requests(rate):
    requests = min(rate[0], 3000)
    assert [wait(0, rate=rate) for _ in range(requests)] == [0] * requests
    if rate[0] == requests:
        assert wait(0, rate=rate) > 0


def test_concurrent_threads_do_not_exceed_the_limit():
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: wait(0, rate=(200, 60)), range(1000)))
    assert waits.count(0) == 200


def test_the_throttle_has_a_large_cache_that_is_separate_from_the_counts():
    caches["default"].set("count", 5)
    for number in range(5000):
        wait(0, identity=f"ip:{number}")
    assert caches["default"].get("count") == 5
    for number in range(400):
        caches["default"].set(f"count-{number}", number)
    assert caches[CACHE].get("ip:0") is not None


# --- Identities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        (ApiKeyCaller(prefix="abcd1234", name="shop", access="read-only"), "key:abcd1234"),
        (User(pk=7), "user:7"),
        (AnonymousUser(), "ip:203.0.113.9"),
    ],
)
@pytest.mark.parametrize("forwarded", ["key:abcd1234", "198.51.100.7", "9" * 7000])
def test_no_header_chooses_an_identity(user, identity, forwarded):
    request = APIRequestFactory().get("/orders", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="203.0.113.9")
    request.user = user
    assert identity_of(request) == identity


def test_clients_without_an_address_share_a_limit():
    request = APIRequestFactory().get("/orders", REMOTE_ADDR="")
    request.user = AnonymousUser()
    assert identity_of(request) == "ip:unknown"

"""Rate limits of callers and addresses, and of failed authentication."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import Access, ApiKey, User
from orders.api import health
from tests.clients import ApiClient

TEAPOT = {"item": "Teapot", "quantity": 2}
A_DAY = 86_400
ADDRESS, ELSEWHERE = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def three_a_day(settings):
    """A limit that does not refill while a test runs, even on a slow machine."""
    settings.ORDERS_API_RATE = (3, A_DAY)


@pytest.fixture
def three_failures_a_day(settings):
    settings.ORDERS_AUTH_FAILURE_RATE = (3, A_DAY)


def random_key(number):
    return f"{number:08}.{'b' * 32}"


def send(key=None, *, path="/orders", peer=ADDRESS, method="get", **headers):
    if key:
        headers["Authorization"] = f"Api-Key {key}"
    return getattr(Client(), method)(path, headers=headers, REMOTE_ADDR=peer)


def codes(*args, count=5, **kwargs):
    return [send(*args, **kwargs).status_code for _ in range(count)]


def check_throttled(response):
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "throttled"
    assert 1 <= int(response["Retry-After"]) <= A_DAY // 3


# --- A caller ---------------------------------------------------------------------------------------------------------


def test_a_caller_with_too_many_requests_gets_a_429_with_retry_after(three_a_day, api, traffic):
    for _ in range(3):
        assert api.get("/orders").status_code == 200
    traffic.clear()
    for response in (api.get("/orders"), api.post("/orders", TEAPOT)):
        check_throttled(response)
    assert traffic == []


def test_one_caller_does_not_use_up_the_limit_of_another(three_a_day, api, read_only_key, sign_in):
    for _ in range(4):
        response = api.get("/orders")
    check_throttled(response)
    assert ApiClient(read_only_key).get("/orders").status_code == 200
    assert sign_in("Order viewers").get("/orders").status_code == 200


def test_a_key_may_be_used_from_many_addresses_and_has_one_limit(three_a_day, api, read_only_key):
    assert [send(read_only_key, peer=f"203.0.113.{number}").status_code for number in range(5)] == [200] * 3 + [429] * 2


def test_requests_that_are_refused_count_as_well(three_a_day, table, read_only_key):
    assert codes(read_only_key, method="post") == [403] * 3 + [429] * 2


@pytest.mark.parametrize("method", ["trace", "patch"])
def test_unsupported_methods_count_as_well(three_a_day, api, read_write_key, method):
    assert codes(read_write_key, method=method) == [405] * 3 + [429] * 2


def test_staff_without_permissions_are_limited_too(three_a_day, sign_in):
    browser = sign_in()
    assert [browser.get("/orders").status_code for _ in range(5)] == [403] * 3 + [429] * 2


# --- An address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [("/orders", 401), ("/schema", 401), ("/lifecycle", 200), ("/nowhere", 404), ("/lifecycle/x", 404)],
)
@pytest.mark.parametrize("header", ["198.51.100.{}", "key:{}"])
def test_anonymous_callers_are_limited_by_address_and_headers_are_ignored(three_a_day, db, path, status, header):
    statuses = [send(path=path, **{"X-Forwarded-For": header.format(number)}).status_code for number in range(5)]
    assert statuses == [status] * 3 + [429] * 2
    assert send(path=path, peer=ELSEWHERE).status_code == status


def test_a_header_does_not_use_up_the_requests_of_a_key(three_a_day, api, read_write_key):
    prefix = read_write_key[:8]
    for header in (f"api-key:{prefix}", f"key:{prefix}", prefix):
        codes(**{"X-Forwarded-For": header}, count=4)
    assert codes(read_write_key, count=3) == [200] * 3


def test_the_health_endpoint_has_no_limit(three_a_day, stranger):
    codes(path="/lifecycle")
    assert codes(path="/healthz", count=20) == [200] * 20


def test_frequent_health_requests_cause_no_load(stranger, traffic, monkeypatch):
    # A second would be too short on a slow machine.
    monkeypatch.setattr(health, "STATES_SECONDS", A_DAY)
    with CaptureQueriesContext(connection) as queries:
        assert codes(path="/healthz", count=50) == [200] * 50
    assert (traffic.operations, len(queries)) == (["GetItem"], 1)
    cache.delete(health.STATES)
    assert codes(path="/healthz", count=50) == [200] * 50
    assert traffic.operations == ["GetItem"] * 2


def test_the_state_is_cached_for_a_second():
    assert health.STATES_SECONDS == 1


# --- Invalid keys -----------------------------------------------------------------------------------------------------


def test_random_keys_are_refused_without_a_query(three_failures_a_day, db):
    for number in range(3):
        assert send(random_key(number)).status_code == 401
    with CaptureQueriesContext(connection) as queries:
        for number in range(3, 10):
            check_throttled(send(random_key(number)))
    assert len(queries) == 0
    assert send(random_key(0), peer=ELSEWHERE).status_code == 401


@pytest.mark.parametrize("key", ["nonsense", "\xe9", "a.b"])
def test_malformed_keys_count_as_well(three_failures_a_day, db, key):
    assert codes(key) == [401] * 3 + [429] * 2


def test_guessing_the_secret_of_a_key_is_limited(three_failures_a_day, api, read_write_key):
    prefix = read_write_key[:8]
    guesses = [send(f"{prefix}.{number:032}").status_code for number in range(5)]
    assert guesses == [401] * 3 + [429] * 2


def test_repeated_requests_with_a_revoked_key_are_limited(three_failures_a_day, db):
    _, key = ApiKey.objects.create_key(name="former shop", access=Access.READ_WRITE, revoked=True)
    assert codes(key) == [401] * 3 + [429] * 2


def test_a_known_key_is_accepted_while_the_same_address_sends_wrong_keys(
    three_failures_a_day, api, read_write_key, monkeypatch
):
    assert send(read_write_key).status_code == 200
    codes("nonsense")
    assert codes(read_write_key) == [200] * 5
    # Also when the key must be read again from the database, but only with the right secret.
    monkeypatch.setattr(keys, "CACHED_FOR", timedelta(0))
    check_throttled(send(read_write_key[:9] + "b" * 32))
    assert send(read_write_key).status_code == 200


def test_an_unknown_key_waits_while_the_same_address_sends_wrong_keys(three_failures_a_day, api, read_only_key):
    codes("nonsense")
    check_throttled(send(read_only_key))
    assert send(read_only_key, peer=ELSEWHERE).status_code == 200


def test_a_wrong_key_does_not_count_towards_the_limit_of_requests(three_a_day, api):
    for number in range(5):
        assert ApiClient(random_key(number)).get("/orders").status_code == 401
    assert api.get("/orders").status_code == 200


# --- Unknown sessions -------------------------------------------------------------------------------------------------


def test_random_sessions_are_refused_without_a_query(three_failures_a_day, db):
    for number in range(3):
        assert send(Cookie=f"sessionid={number:032}").status_code == 401
    with CaptureQueriesContext(connection) as queries:
        check_throttled(send(Cookie=f"sessionid={'x' * 32}"))
    assert len(queries) == 0


def test_writes_without_the_csrf_token_are_limited(three_failures_a_day, sign_in):
    browser = sign_in("Order managers")
    statuses = [browser.post("/orders", TEAPOT, "application/json").status_code for _ in range(5)]
    assert statuses == [403] * 3 + [429] * 2


# --- The login --------------------------------------------------------------------------------------------------------


def log_in(name, password="wrong", peer=ADDRESS):  # noqa: S107 (a wrong one)
    return Client().post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=peer)


def check_login_refused(response):
    assert (response.status_code, response["Cache-Control"]) == (429, "no-store")
    assert 1 <= int(response["Retry-After"]) <= A_DAY // 3
    assert f"Try again in {response['Retry-After']} seconds" in response.content.decode()


def test_the_login_page_is_limited(three_a_day, db):
    assert codes(path="/admin/login/") == [200] * 3 + [429] * 2
    check_login_refused(send(path="/admin/login/"))
    assert send(path="/admin/login/", peer=ELSEWHERE).status_code == 200


def test_wrong_passwords_are_refused_without_a_query(three_failures_a_day, db):
    for number in range(3):
        assert log_in(f"name{number}").status_code == 200
    with CaptureQueriesContext(connection) as queries:
        check_login_refused(log_in("name4"))
    assert len(queries) == 0


def test_a_correct_password_does_not_count_as_a_failure(three_failures_a_day, db):
    User.objects.create_superuser("asha", password="a long secret")
    for _ in range(5):
        assert log_in("asha", password="a long secret").status_code == 302


def test_wrong_keys_do_not_prevent_logins_from_the_same_address(three_failures_a_day, db):
    User.objects.create_superuser("asha", password="a long secret")
    codes("nonsense")
    assert log_in("asha", password="a long secret").status_code == 302

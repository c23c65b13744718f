"""Limits on wrong passwords per name and per address, and which address counts."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from axes.models import AccessAttempt
from django.db.models import F
from django.test import Client

from accounts.models import User

LOGIN = "/admin/login/"
PASSWORD = "a long secret"
ADDRESS, ELSEWHERE = "203.0.113.9", "198.51.100.7"


@pytest.fixture(autouse=True)
def _people(db):
    for name in ("admin", "asha"):
        User.objects.create_superuser(name, password=PASSWORD)


def log_in(name, password, peer=ADDRESS, **environ):
    forwarded = environ.pop("forwarded", None)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return Client().post(LOGIN, {"username": name, "password": password}, headers=headers, REMOTE_ADDR=peer, **environ)


def can_log_in(*args, **kwargs):
    return log_in(*args, **kwargs).status_code == 302


def attempts(count, **arguments):
    return [log_in("admin", "wrong", **arguments).status_code for _ in range(count)]


def test_the_fifth_wrong_password_locks_the_name_for_its_address_alone():
    assert attempts(5) == [200, 200, 200, 200, 429]
    assert not can_log_in("admin", PASSWORD)
    assert can_log_in("admin", PASSWORD, peer=ELSEWHERE)
    assert can_log_in("asha", PASSWORD)


@pytest.mark.parametrize("header", ["198.51.100.{}", "nonsense{}", "198.51.100.{}, 10.0.0.1"])
def test_a_changing_header_does_not_evade_the_lock(header):
    codes = [log_in("admin", "wrong", forwarded=header.format(number)).status_code for number in range(12)]
    assert codes == [200] * 4 + [429] * 8


def test_a_client_behind_a_proxy_does_not_lock_other_clients_out(settings):
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1/32"),)
    proxy = "127.0.0.1"
    assert attempts(5, peer=proxy, forwarded=f"10.0.0.1, {ADDRESS}")[-1] == 429
    assert not can_log_in("admin", PASSWORD, peer=proxy, forwarded=ADDRESS)
    assert can_log_in("admin", PASSWORD, peer=proxy, forwarded=ELSEWHERE)


def test_on_lambda_the_address_is_api_gateways_and_not_the_headers():
    def environ(number):
        # As Zappa sets it from a REGIONAL endpoint's header, where the client chooses the last entry but one.
        return {
            "lambda.event": {"requestContext": {"identity": {"sourceIp": ADDRESS}}},
            "peer": f"198.51.100.{number}",
            "forwarded": f"198.51.100.{number}, {ADDRESS}",
        }

    codes = [log_in("admin", "wrong", **environ(number)).status_code for number in range(12)]
    assert codes == [200] * 4 + [429] * 8


def test_addresses_of_one_ipv6_network_are_one_client():
    codes = [log_in("admin", "wrong", peer=f"2001:db8:1:2::{number}").status_code for number in range(1, 7)]
    assert codes == [200] * 4 + [429] * 2
    assert can_log_in("admin", PASSWORD, peer="2001:db8:1:3::1")


def test_clients_without_an_address_share_one_limit():
    assert attempts(5, peer="")[-1] == 429
    assert not can_log_in("admin", PASSWORD, peer="")


def test_the_log_of_a_lock_names_the_address_and_not_the_name(caplog):
    attempts(5)
    [line] = [record.getMessage() for record in caplog.records if "Locking out" in record.getMessage()]
    assert ADDRESS in line
    assert "admin" not in line.replace(LOGIN, "")


def test_one_password_tried_on_many_names_locks_the_address_for_every_name():
    codes = [log_in(f"name{number}", "spring").status_code for number in range(50)]
    assert codes == [200] * 49 + [429]
    assert not can_log_in("asha", PASSWORD)
    assert can_log_in("asha", PASSWORD, peer=ELSEWHERE)


def test_logging_in_to_ones_own_account_does_not_reset_the_limit_for_other_names():
    for number in range(49):
        log_in(f"name{number}", "spring")
    assert can_log_in("asha", PASSWORD)
    assert log_in("name49", "spring").status_code == 429


def test_a_correct_password_clears_the_failures_of_its_name():
    attempts(4)
    assert can_log_in("admin", PASSWORD)
    assert attempts(4) == [200] * 4


def test_the_lock_ends_after_an_hour_despite_further_attempts():
    attempts(5)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=59))
    assert attempts(3) == [429] * 3
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=2))
    assert can_log_in("admin", PASSWORD)


@pytest.mark.parametrize("names", [["admin"] * 5, [f"name{number}" for number in range(50)]])
def test_the_page_says_what_is_locked_for_how_long_and_who_can_unlock_it(names):
    for name in names:
        response = log_in(name, "wrong")
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (429, "3600", "no-store")
    page = response.content.decode()
    assert "from your network address, for this name or for several names" in page
    assert "Try again in an hour" in page
    AccessAttempt.objects.filter(ip_address=ADDRESS).delete()
    assert can_log_in("admin", PASSWORD)

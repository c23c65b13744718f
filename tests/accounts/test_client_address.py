"""The address of the client behind proxies, at a Unix socket and on Lambda. A header alone never decides it."""

import logging
from ipaddress import ip_network

import pytest
from django.core.handlers.wsgi import WSGIRequest
from zappa.wsgi import create_wsgi_request

from accounts.client_address import client_address, limited_address
from ordersite import logs, wsgi

PROXY, OTHER_PROXY, CLIENT = "192.0.2.1", "10.1.2.3", "203.0.113.9"


@pytest.fixture
def trusted(settings):
    settings.TRUSTED_PROXIES = (ip_network(f"{PROXY}/32"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/64"))


def address(rf, peer, forwarded=None, **environ):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(rf.get("/", headers=headers, REMOTE_ADDR=peer, **environ))


# --- Behind proxies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forwarded", [None, "", "198.51.100.7", "api-key:abcd1234", "10.0.0.1, " * 2000])
def test_without_trusted_proxies_the_peer_is_the_client_and_headers_are_ignored(rf, forwarded):
    assert address(rf, CLIENT, forwarded) == CLIENT


@pytest.mark.parametrize("forwarded", ["198.51.100.7", f"198.51.100.7, {PROXY}"])
def test_a_peer_that_is_not_a_trusted_proxy_cannot_choose_its_address(rf, trusted, forwarded):
    assert address(rf, CLIENT, forwarded) == CLIENT


@pytest.mark.parametrize(
    "forwarded",
    [
        CLIENT,
        f"198.51.100.7, {CLIENT}",
        f"{OTHER_PROXY},{CLIENT}",
        f"{CLIENT}, {OTHER_PROXY}",
        f"nonsense,,{CLIENT} ,{OTHER_PROXY}, 10.9.9.9",
        f"{'198.51.100.7,' * 2000}{CLIENT}",
        f"{CLIENT}:4711",
        f"::ffff:{CLIENT}",
        f"[::ffff:{CLIENT}]:4711",
    ],
)
def test_the_client_is_the_rightmost_entry_that_is_not_a_trusted_proxy(rf, trusted, forwarded):
    assert address(rf, PROXY, forwarded) == CLIENT


@pytest.mark.parametrize(
    ("entry", "client"),
    [
        ("2001:DB8:1::0009", "2001:db8:1::9"),
        ("[2001:db8:1::9]:443", "2001:db8:1::9"),
        ("[2001:db8:1::9]", "2001:db8:1::9"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_ipv6_has_one_spelling(rf, trusted, entry, client):
    assert address(rf, PROXY, entry) == client
    assert address(rf, entry) == client


def test_an_ipv4_proxy_is_recognised_when_mapped_to_ipv6(rf, trusted):
    assert address(rf, f"::ffff:{PROXY}", CLIENT) == CLIENT


@pytest.mark.parametrize("junk", ["", "unknown", "_hidden", "api-key:abcd1234", "1" * 7000, "unix:", "10.0.0.300"])
def test_an_entry_that_is_not_an_address_is_ignored(rf, trusted, junk):
    assert address(rf, PROXY, junk) == PROXY
    assert address(rf, PROXY, f"{CLIENT}, {junk}, {OTHER_PROXY}") == OTHER_PROXY


def test_a_client_inside_the_trusted_networks_is_the_leftmost(rf, trusted):
    assert address(rf, PROXY, f"10.7.7.7, {OTHER_PROXY}") == "10.7.7.7"


def test_of_a_long_chain_of_trusted_proxies_only_the_last_entries_are_read(rf, trusted):
    assert address(rf, PROXY, "198.51.100.7," + "10.0.0.1," * 100 + "10.0.0.2") == "10.0.0.1"


# --- A Unix socket ----------------------------------------------------------------------------------------------------


def test_the_peer_at_a_unix_socket_has_no_address(rf):
    assert address(rf, "", CLIENT) == ""
    assert limited_address(rf.get("/", REMOTE_ADDR="")) is None


def test_a_proxy_at_a_unix_socket_can_be_trusted(rf, settings):
    settings.TRUSTED_PROXIES = ("unix",)
    assert address(rf, "", f"198.51.100.7, {CLIENT}") == CLIENT
    assert address(rf, "", "") == ""
    assert address(rf, PROXY, CLIENT) == PROXY


# --- Lambda -----------------------------------------------------------------------------------------------------------


def event(source, forwarded):
    context = {"identity": {"sourceIp": source}} if source is not None else {}
    headers = {"Host": "x.execute-api.ap-south-1.amazonaws.com", "X-Forwarded-For": forwarded}
    return {"httpMethod": "GET", "path": "/", "headers": headers, "requestContext": context}


def on_lambda(source, forwarded):
    """A request as Zappa creates it from an event of API Gateway."""
    happened = event(source, forwarded)
    return {**create_wsgi_request(happened), "lambda.event": happened}


@pytest.mark.parametrize("forwarded", [CLIENT, f"198.51.100.7, {CLIENT}", f"198.51.100.7, {CLIENT}, 130.176.1.1"])
def test_on_lambda_the_client_is_the_one_that_api_gateway_names(forwarded):
    environ = on_lambda(CLIENT, forwarded)
    assert client_address(WSGIRequest(environ)) == CLIENT


@pytest.mark.parametrize("source", [None, "", "test-invoke-source-ip"])
def test_on_lambda_a_header_does_not_replace_the_address_of_the_gateway(source):
    assert client_address(WSGIRequest(on_lambda(source, f"198.51.100.7, {CLIENT}"))) == ""


def test_on_lambda_a_cdn_in_front_of_the_gateway_can_be_trusted(trusted):
    environ = on_lambda(PROXY, f"198.51.100.7, {CLIENT}, {PROXY}")
    assert client_address(WSGIRequest(environ)) == CLIENT


# --- What uses it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environ", [on_lambda(CLIENT, "198.51.100.7, 198.51.100.8"), {"REMOTE_ADDR": CLIENT}])
def test_the_server_and_everything_after_it_see_the_address_as_remote_addr(db, rf, environ):
    environ = {**rf.get("/lifecycle").environ, **environ}
    list(wsgi.application(environ, lambda *_: None))
    assert environ["REMOTE_ADDR"] == CLIENT


def test_the_log_of_a_request_names_its_client(rf):
    record = logging.makeLogRecord({"request": rf.get("/", REMOTE_ADDR=CLIENT)})
    assert logs.ContextFilter().filter(record)
    assert record.client_address == CLIENT


def test_the_log_of_the_development_server_with_a_socket_as_its_request_works():
    record = logging.makeLogRecord({"request": object()})
    assert logs.ContextFilter().filter(record)
    assert not hasattr(record, "client_address")


@pytest.mark.parametrize(
    ("peer", "limited"),
    [
        (CLIENT, CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
    ],
)
def test_limits_count_an_ipv6_client_by_its_network(rf, peer, limited):
    assert limited_address(rf.get("/", REMOTE_ADDR=peer)) == limited

"""A wrong configuration of botocore is not reported as an outage, and its message does not suggest a retry."""

import os
import socket
import threading
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command

from orders import dynamodb, store, table
from orders.errors import StoreMisconfiguredError, StoreUnavailableError
from tests.contract.order_helpers import other_engine, place

NOWHERE = "http://127.0.0.1:9"
UNSET = None

MISTAKES = {
    "a profile that does not exist": (
        {"AWS_PROFILE": "nobody"},
        "The config profile (nobody) could not be found. Unset AWS_PROFILE, or add the profile to ~/.aws/config.",
    ),
    "no credentials": (
        {"AWS_ACCESS_KEY_ID": UNSET, "AWS_SECRET_ACCESS_KEY": UNSET},
        "Unable to locate credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    ),
    "half of the credentials": (
        {"AWS_SECRET_ACCESS_KEY": UNSET},
        "missing: AWS_SECRET_ACCESS_KEY. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.",
    ),
    "an unknown defaults mode": (
        {"AWS_DEFAULTS_MODE": "fast"},
        "Check the AWS_ variables of this process and ~/.aws/config.",
    ),
    "a malformed proxy address": (
        {"HTTP_PROXY": "one:two:three"},
        "Correct HTTP_PROXY, HTTPS_PROXY or AWS_ENDPOINT_URL_DYNAMODB.",
    ),
}


@pytest.fixture
def machine(engine, monkeypatch, tmp_path):
    """Sets and unsets environment variables as on a machine that has no AWS files and is not an EC2 instance."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    def change(variables):
        for name, value in variables.items():
            monkeypatch.delenv(name) if value is UNSET else monkeypatch.setenv(name, value)

    return change


@pytest.mark.parametrize(("variables", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_configuration_is_reported_with_advice(machine, variables, message):
    machine(variables)
    for call in (dynamodb.ping, place, lambda: store.delete("x"), lambda: list(table.ensure_table())):
        with other_engine(NOWHERE), pytest.raises(StoreMisconfiguredError) as refusal:
            call()
        assert str(refusal.value).startswith("DynamoDB cannot be used as configured: ")
        assert str(refusal.value).endswith(message)


def test_a_configuration_file_that_cannot_be_parsed_is_named(machine, tmp_path):
    (tmp_path / "config").write_text("[profile")
    machine({"AWS_CONFIG_FILE": str(tmp_path / "config")})
    with other_engine(NOWHERE), pytest.raises(StoreMisconfiguredError, match=f"parse config file: {tmp_path}/config"):
        dynamodb.ping()


def test_a_missing_certificate_file_is_a_mistake_in_the_configuration(machine):
    machine({"AWS_CA_BUNDLE": "/does/not/exist.pem"})
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"https://127.0.0.1:{server.getsockname()[1]}"
        with other_engine(endpoint), pytest.raises(StoreMisconfiguredError, match="Check AWS_CA_BUNDLE"):
            dynamodb.ping()


@pytest.mark.parametrize("command", [("expire_orders",), ("seed_orders", "--count", "1"), ("create_orders_table",)])
def test_a_command_does_not_report_an_outage_or_suggest_a_retry(machine, command):
    machine({"AWS_PROFILE": "nobody"})
    with other_engine(NOWHERE), pytest.raises(CommandError) as refusal:
        call_command(*command)
    assert "nobody" in str(refusal.value)
    assert "not responding" not in str(refusal.value)
    assert "again" not in str(refusal.value)


def test_a_proxy_that_is_down_is_an_outage(machine):
    machine({"HTTP_PROXY": NOWHERE})
    with other_engine("http://127.0.0.1:8"), pytest.raises(StoreUnavailableError) as refusal:
        dynamodb.ping()
    assert NOWHERE in refusal.value.reason


def test_a_connection_closed_during_the_tls_handshake_is_an_outage(machine):
    with socket.create_server(("127.0.0.1", 0)) as server, _closing_connections(server):
        endpoint = f"https://127.0.0.1:{server.getsockname()[1]}"
        with other_engine(endpoint), pytest.raises(StoreUnavailableError):
            dynamodb.ping()


@contextmanager
def _closing_connections(server):
    """Closes every connection to the server at once, until the server is closed."""

    def close():
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    thread = threading.Thread(target=close)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()

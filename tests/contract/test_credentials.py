"""Credentials are resolved at the first call, and renewed once when DynamoDB reports that they have expired."""

import pytest
from botocore.exceptions import ClientError

from orders import dynamodb, store
from orders.errors import OrderNotFoundError, StoreMisconfiguredError, StoreUnavailableError
from tests.contract.fault_proxy import aws_error
from tests.contract.order_helpers import place

EXPIRED = aws_error(400, "ExpiredTokenException")


def access_keys(proxy):
    """The access key that signed each request."""
    return [request["Authorization"].partition("Credential=")[2].partition("/")[0] for request in proxy.requests]


def test_expired_credentials_are_renewed_and_the_call_is_repeated(proxy, monkeypatch):
    def rotate(reply):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "new")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "new-token")
        return EXPIRED(reply)

    proxy.change("GetItem", rotate)
    with pytest.raises(OrderNotFoundError):
        store.get("x")
    assert access_keys(proxy) == ["local", "new"]
    assert [request.get("X-Amz-Security-Token") for request in proxy.requests] == [None, "new-token"]


def test_credentials_are_renewed_once_for_each_call(proxy):
    proxy.change("GetItem", EXPIRED, EXPIRED, EXPIRED, EXPIRED)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="temporarily"):
            store.get("x")
    assert proxy.operations == ["GetItem"] * 4


def test_a_write_is_repeated_with_new_credentials(proxy):
    proxy.change("PutItem", EXPIRED)
    assert place().replayed is False
    assert proxy.operations == ["PutItem", "PutItem"]


def test_the_client_is_prepared_without_credentials(proxy, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    dynamodb.prepare()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "later")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "later")
    dynamodb.ping()
    assert access_keys(proxy) == ["later"]


def test_a_mistake_in_the_configuration_is_raised_by_the_first_call(proxy, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    dynamodb.prepare()
    with pytest.raises(StoreMisconfiguredError, match="nobody"):
        dynamodb.ping()


def test_credentials_that_appear_later_are_found(proxy, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/does/not/exist")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/does/not/exist")
    with monkeypatch.context() as without:
        without.delenv("AWS_ACCESS_KEY_ID")
        without.delenv("AWS_SECRET_ACCESS_KEY")
        for _ in range(2):
            with pytest.raises(StoreMisconfiguredError, match="Unable to locate credentials"):
                dynamodb.ping()
    dynamodb.ping()
    assert proxy.operations == ["GetItem"]


def test_an_unknown_access_key_is_not_renewed(proxy):
    proxy.change("PutItem", aws_error(400, "UnrecognizedClientException"))
    with pytest.raises(ClientError):
        place()
    assert proxy.operations == ["PutItem"]

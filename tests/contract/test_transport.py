"""What lies between a call and DynamoDB: connections, time limits, proxies, certificates, IPv6."""

import json
import os
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from local.serving import serving
from orders import dynamodb, listing, store
from orders.concurrency import map_concurrently
from orders.dynamodb import connection
from orders.errors import OrderNotFoundError, StoreMisconfiguredError, StoreUnavailableError
from orders.stopwatch import time_limit
from tests.contract.fault_proxy import (
    Chunked,
    FaultProxy,
    Trickle,
    TrickleAll,
    UntilClosed,
    as_content,
    aws_error,
    drop_response,
    refusal,
)
from tests.contract.order_helpers import ids, other_engine, place_many, placed

TLS = Path(__file__).with_name("tls")
CERTIFICATE = str(TLS / "certificate.pem")

ENDS = 20
"""Seconds. A call that has no time limit would take minutes."""


def retry_attempts(operation="get_item", **params):
    """How often botocore says that a call was repeated."""
    reply = getattr(connection().connection.client, operation)(
        TableName="Orders", Key={"order_id": {"S": "x"}}, ReturnConsumedCapacity="TOTAL", **params
    )
    return reply["ResponseMetadata"]["RetryAttempts"]


# --- Connections ------------------------------------------------------------------------------------------------------


def close(reply):
    """Close the connection after the reply, without an announcement."""
    return reply[0], reply[1], UntilClosed(reply[2])


def test_a_connection_that_was_closed_by_the_other_side_is_replaced(proxy):
    for _ in range(3):
        proxy.change("GetItem", close)
        dynamodb.ping()
    assert proxy.operations == ["GetItem"] * 3


def test_every_attempt_is_counted(proxy):
    assert retry_attempts() == 0
    proxy.change("GetItem", drop_response)
    assert retry_attempts() == 1
    proxy.change("GetItem", drop_response, as_content(lambda _: b"{"))
    assert retry_attempts() == 2
    assert len(proxy.operations) == 6


def test_a_long_outage_uses_up_the_retries_until_calls_succeed_again(proxy):
    proxy.refuse("GetItem", *[refusal(500, "InternalServerError")] * 61)
    while len(proxy.operations) < 60:
        with pytest.raises(StoreUnavailableError):
            dynamodb.ping()
    with pytest.raises(StoreUnavailableError):
        dynamodb.ping()
    assert len(proxy.operations) == 61

    for _ in range(15):
        dynamodb.ping()
    proxy.change("GetItem", drop_response)
    assert retry_attempts() == 1


@pytest.mark.parametrize("form", [Chunked, UntilClosed])
def test_a_reply_may_have_no_length(proxy, form):
    orders = place_many(3)
    proxy.change("Query", as_content(form))
    assert ids(listing.page(listing.Filters(), limit=5).orders) == ids(orders)
    assert proxy.operations.count("Query") == 1


def test_a_compressed_reply_is_not_requested(proxy):
    dynamodb.ping()
    assert proxy.requests[0]["Accept-Encoding"] == "identity"


# --- Time limits ------------------------------------------------------------------------------------------------------


# botocore restarts a timeout with each byte and has a limit for each attempt only; docs/configuration.md says so.


@pytest.mark.only_lean
@pytest.mark.parametrize("form", [Trickle, TrickleAll])
def test_a_reply_that_trickles_in_ends_with_the_time_limit(proxy, form):
    order = placed()
    proxy.change("GetItem", *[as_content(form)] * 3)
    start = time.monotonic()
    with time_limit(1), pytest.raises(StoreUnavailableError):
        store.get(order.order_id)
    assert time.monotonic() - start < ENDS
    assert proxy.operations.count("GetItem") == 1


@pytest.mark.only_lean
def test_a_time_limit_holds_in_other_threads(proxy):
    order_ids = [placed().order_id for _ in range(4)]
    proxy.change("GetItem", *[as_content(Trickle)] * 4)
    start = time.monotonic()
    with time_limit(1), pytest.raises(StoreUnavailableError):
        map_concurrently(store.get, order_ids)
    assert time.monotonic() - start < ENDS


@pytest.mark.only_lean
def test_a_time_limit_covers_all_attempts(proxy, monkeypatch):
    monkeypatch.setattr("orders.dynamodb.lean.BUDGET", 1)
    proxy.change("GetItem", as_content(Trickle), as_content(Trickle))
    with pytest.raises(StoreUnavailableError):
        store.get(placed().order_id)
    assert proxy.operations.count("GetItem") == 1


def test_no_call_begins_after_the_time_limit(proxy):
    with time_limit(0), pytest.raises(StoreUnavailableError):
        dynamodb.ping()
    assert proxy.operations == []


def test_no_attempt_begins_after_the_time_limit(proxy):
    def slow_error(reply):
        proxy.stopped.wait(1)
        return aws_error(500, "InternalServerError")(reply)

    proxy.change("GetItem", slow_error, slow_error)
    with time_limit(0.5), pytest.raises(StoreUnavailableError):
        dynamodb.ping()
    assert proxy.operations == ["GetItem"]


def test_a_server_that_does_not_respond_is_an_outage(dynamodb_client, engine):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        with other_engine(endpoint), time_limit(0.5), pytest.raises(StoreUnavailableError):
            dynamodb.ping()
        assert time.monotonic() - start < ENDS


# --- Proxies ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def via_proxy(proxy, monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", proxy.endpoint.replace("http://", "http://user:pass@"))
    return proxy


def test_a_proxy_is_used_with_its_password(via_proxy):
    with other_engine("http://dynamodb.test:8000"):
        dynamodb.ping()
    assert via_proxy.targets == ["http://dynamodb.test:8000/"]
    assert via_proxy.requests[0]["Host"] == "dynamodb.test:8000"
    assert via_proxy.requests[0]["Proxy-Authorization"] == "Basic dXNlcjpwYXNz"


def test_a_proxy_is_not_used_for_an_excluded_host(via_proxy, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with other_engine(via_proxy.endpoint):
        dynamodb.ping()
    assert via_proxy.targets == ["/"]


def test_the_password_of_a_proxy_is_not_reported(dynamodb_client, engine, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret-word@127.0.0.1:9")
    with other_engine("http://dynamodb.test:8000"), pytest.raises(StoreUnavailableError) as refusal:
        dynamodb.ping()
    assert "secret-word" not in refusal.value.reason


def test_an_endpoint_may_have_a_path(proxy):
    with other_engine(f"{proxy.endpoint}/some path/x"):
        dynamodb.ping()
    assert proxy.targets == ["/some%20path/x"]


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def https(dynamodb_client, engine, table):
    """A server with a certificate that only AWS_CA_BUNDLE makes trusted."""
    server = FaultProxy(engine)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, TLS / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    with serving(server):
        yield f"https://localhost:{server.server_port}"


def test_a_certificate_of_a_given_authority_is_trusted(https, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", CERTIFICATE)
    with other_engine(https), pytest.raises(OrderNotFoundError):
        store.get("x")


def test_an_unknown_certificate_is_refused(https):
    with other_engine(https), pytest.raises(StoreMisconfiguredError, match="Check AWS_CA_BUNDLE"):
        dynamodb.ping()


def test_a_certificate_of_another_host_is_refused(https, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", CERTIFICATE)
    elsewhere = https.replace("localhost", "localhost.localdomain")
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to_localhost(socket.getaddrinfo))
    with other_engine(elsewhere), pytest.raises(StoreMisconfiguredError, match="Check AWS_CA_BUNDLE"):
        dynamodb.ping()


def resolving_to_localhost(resolve):
    return lambda _, *rest, **options: resolve("127.0.0.1", *rest, **options)


class Tunnel(BaseHTTPRequestHandler):
    """A proxy for HTTPS. Connects each client to `server.upstream`, although it requests another host."""

    def do_CONNECT(self):
        self.server.requests.append((self.path, self.headers["Proxy-Authorization"]))
        with socket.create_connection(("127.0.0.1", self.server.upstream)) as upstream:
            self.send_response(200)
            self.end_headers()
            replies = Thread(target=copy, args=(upstream, self.connection), daemon=True)
            replies.start()
            copy(self.connection, upstream)
            replies.join()

    def log_message(self, *_):
        pass


def copy(source, sink):
    with suppress(OSError):
        while content := source.recv(65_536):
            sink.sendall(content)
        sink.shutdown(socket.SHUT_WR)


def test_calls_over_https_pass_a_proxy_in_a_tunnel(https, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", CERTIFICATE)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    tunnel = ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
    tunnel.daemon_threads = True
    tunnel.upstream, tunnel.requests = int(https.rpartition(":")[2]), []
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{tunnel.server_port}")
    with serving(tunnel), other_engine("https://dynamodb.test"):
        for _ in range(2):
            dynamodb.ping()
    assert tunnel.requests == [("dynamodb.test:443", "Basic dXNlcjpwYXNz")]


# --- IPv6 -------------------------------------------------------------------------------------------------------------


def test_an_endpoint_may_be_an_ipv6_address(dynamodb_client, engine, table):
    with serving(FaultProxy(engine, "::1")) as server, other_engine(f"http://[::1]:{server.server_port}"):
        dynamodb.ping()
        assert server.requests[0]["Host"] == f"[::1]:{server.server_port}"


# --- Settings of AWS files --------------------------------------------------------------------------------------------


def test_a_session_token_of_a_profile_is_sent(proxy, monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text(
        "[shop]\naws_access_key_id = profile\naws_secret_access_key = s\naws_session_token = token\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "shop")
    dynamodb.ping()
    assert "Credential=profile/" in proxy.requests[0]["Authorization"]
    assert proxy.requests[0]["X-Amz-Security-Token"] == "token"


class CredentialServer(HTTPServer):
    """Issues credentials as a container does: each with a new key and, at first, with a minute to live."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Issuer)
        self.issued = 0


class _Issuer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.issued += 1
        expires = datetime.now(UTC) + timedelta(minutes=1 if self.server.issued == 1 else 60)
        body = {
            "AccessKeyId": f"container{self.server.issued}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        """Does not log requests."""


def test_the_credentials_of_a_container_are_used_and_refreshed(proxy, monkeypatch):
    with serving(CredentialServer()) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, os.devnull)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/")
        # The first credentials expire so soon that botocore replaces them at once.
        for _ in range(2):
            dynamodb.ping()
    keys = [request["Authorization"].partition("Credential=")[2].partition("/")[0] for request in proxy.requests]
    assert keys == ["container2", "container2"]

"""Malformed requests to gunicorn with production settings get a response in the site's format."""

import http.client
import json
import socket
from contextlib import closing, suppress
from uuid import UUID

import pytest

from tests.deploy.servers import create_database
from tests.schema.production import production

PROBLEM = "application/problem+json"
PAGE = "text/html; charset=utf-8"
ORDER = b'{"item": "Teapot", "quantity": 2}'
ALL_PATHS = ["/orders", "/lifecycle", "/healthz", "/schema", "/nothing", "/dashboard/", "/admin/login/", "/"]


@pytest.fixture(scope="module")
def site(engine, database, tmp_path_factory):
    own = create_database(database, "production")
    with production(tmp_path_factory.mktemp("site"), engine, own) as site:
        yield site


def send(site, method, path, body=None, **headers):
    """Send a request as a TLS proxy does. If the body is an iterator, it is sent in chunks."""
    port = int(site.url.rpartition(":")[2])
    sent = {"X-Forwarded-Proto": "https", **{name.replace("_", "-"): value for name, value in headers.items()}}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        # gunicorn may respond to an oversized body and close the connection before it has read all of it.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, sent, encode_chunked=not isinstance(body, bytes | None))
        reply = connection.getresponse()
        reply.body = reply.read()
    return reply


def post(site, body, **headers):
    own = {"Authorization": f"Api-Key {site.read_write_key}", "Content_Type": "application/json"}
    return send(site, "POST", "/orders", body, **{**own, **headers})


def code_of(reply):
    assert reply.headers["Content-Type"] == PROBLEM
    assert UUID(reply.headers["X-Request-Id"])
    return reply.status, json.loads(reply.body)["code"]


@pytest.mark.parametrize("charset", ["rot13", "unicode_escape", "hex", "idna", "nonsense", "x" * 5000])
def test_no_charset_causes_a_failure(site, charset):
    for path in ALL_PATHS:
        reply = send(site, "GET", f"{path}?%5Cud800=1", Content_Type=f"text/plain; charset={charset}")
        assert reply.status < 500, (path, reply.body)
        assert UUID(reply.headers["X-Request-Id"])


def test_a_chunked_order_is_placed(site):
    reply = post(site, iter([ORDER[:7], ORDER[7:]]))
    assert (reply.status, json.loads(reply.body)["item"]) == (201, "Teapot")
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("pieces", [2, 60])
def test_a_chunked_body_that_is_too_large_is_refused(site, pieces):
    assert code_of(post(site, iter([ORDER, *([b" " * 60_000] * pieces)]))) == (413, "body_too_large")


def test_malformed_chunks_are_refused(site):
    port = int(site.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
            b"Content-Type: application/json\r\n"
            b"Authorization: Api-Key " + site.read_write_key.encode() + b"\r\n"
            b'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{"ite\r\nnonsense\r\n'
        )
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        reply.body = reply.read()
    assert code_of(reply) == (400, "bad_request")


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_compressed_body_is_refused(site, coding):
    reply = post(site, ORDER, Content_Encoding=coding)
    assert code_of(reply) == (415, "unsupported_media_type")
    assert reply.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("cookie", ["sessionid=x", 'sessionid="aaaaaaaa\\000"; csrftoken="\\000"; timezone="\\000"'])
def test_a_nul_character_in_a_cookie_causes_no_failure(site, cookie):
    for path in ALL_PATHS:
        reply = send(site, "GET", path, Cookie=cookie, Accept="text/html")
        assert reply.status < 500, (path, reply.body)
        if reply.status >= 400:
            assert reply.headers["Content-Type"] == PAGE


def test_a_client_cannot_set_the_url_prefix_of_the_site(site):
    """By default, gunicorn reads SCRIPT_NAME from a header and returns 500 for paths outside it."""
    port = int(site.url.rpartition(":")[2])
    for name in ("SCRIPT_NAME", "PATH_INFO"):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/lifecycle", headers={"X-Forwarded-Proto": "https", name: "/elsewhere"})
            assert connection.getresponse().status == 200


def test_a_write_over_plain_http_is_redirected_with_308(site):
    reply = post(site, ORDER, X_Forwarded_Proto="http")
    assert (reply.status, reply.headers["Location"]) == (308, f"{site.url.replace('http', 'https')}/orders")

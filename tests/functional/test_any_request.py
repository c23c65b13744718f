"""Malformed requests to the WSGI application: each gets a response in the site's format."""

import json
from http import HTTPStatus
from io import BytesIO
from uuid import UUID

import pytest
from django.conf import settings
from django.core.cache import caches
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from zappa.wsgi import create_wsgi_request

from ordersite.gateway_events import readable
from ordersite.wsgi import application

API_PATHS = ["/orders", "/orders/1", "/lifecycle", "/healthz", "/schema", "/nothing"]
PAGE_PATHS = ["/dashboard/", "/dashboard/orders/new/", "/dashboard/orders/1/", "/admin/login/", "/admin/", "/"]
CHARSETS = ["rot13", "unicode_escape", "hex", "base64", "idna", "punycode", "utf-16", "latin-1", "nonsense", "a\0b"]
PAGE = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"


class Response:
    """The response of the WSGI application."""

    def __init__(self, environ):
        response = application(environ, self._start)
        self.body = b"".join(response)
        getattr(response, "close", lambda: None)()

    def _start(self, status, headers, _exc_info=None):
        self.status = int(status[:3])
        self.headers = dict(headers)

    @property
    def media_type(self):
        return self.headers.get("Content-Type")


class Unreadable:
    """A body that must not be read."""

    def read(self, *_):
        raise AssertionError("The body was read.")

    readline = read


def environ_of(path="/", *, method="GET", query="", body=b"", **fields):
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)),
        **fields,
    }


def send(path="/", **fields):
    return Response(environ_of(path, **fields))


def check(response, *, browser):
    """The response is no server error, has an id, and is in the format for the client."""
    assert response.status < HTTPStatus.INTERNAL_SERVER_ERROR, response.body
    assert UUID(response.headers["X-Request-Id"])
    if response.status < HTTPStatus.BAD_REQUEST:
        return
    if response.media_type == PROBLEM:
        problem = json.loads(response.body)
        assert set(problem) == {"type", "title", "status", "detail", "code", "errors"}
        assert problem["status"] == response.status
    else:
        assert response.media_type == PAGE
        assert response.body == b"" or b"<h1" in response.body
    if browser:
        assert response.media_type == PAGE


@pytest.fixture
def site(table, db):
    """The application with an empty table and a database."""


@pytest.fixture
def signed_in(sign_in):
    """The cookies of a member of staff."""
    browser = sign_in("Order managers")
    return "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())


# --- Charsets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*API_PATHS, *PAGE_PATHS])
@pytest.mark.parametrize("charset", [*CHARSETS, "x" * 20_000, "utf-8'", "\xff"], ids=range(len(CHARSETS) + 3))
def test_the_charset_of_a_missing_body_changes_nothing(site, path, charset):
    plain = send(path, query="x=%5Cud800")
    named = send(path, query="x=%5Cud800", CONTENT_TYPE=f"text/plain; charset={charset}")
    check(named, browser=False)
    assert (named.status, named.media_type) == (plain.status, plain.media_type)


@pytest.mark.parametrize("content_type", ["text/plain; charset*=rot13''%41", "text/plain; charset*0*=x'", ";", ";;=;"])
def test_a_content_type_that_cannot_be_parsed_is_ignored(site, content_type):
    check(send("/lifecycle", CONTENT_TYPE=content_type), browser=False)
    assert send("/lifecycle", CONTENT_TYPE=content_type).status == 200
    check(send("/orders", method="POST", body=b"{}", CONTENT_TYPE=content_type), browser=False)


@pytest.mark.parametrize("charset", [*CHARSETS, "UTF-7", "utf-8-sig"])
@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"]
)
def test_a_body_in_another_charset_is_refused(site, media_type, charset):
    body = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--b--\r\n"
    for path in ("/dashboard/orders/new/", "/admin/login/", "/orders"):
        response = send(path, method="POST", body=body, CONTENT_TYPE=f"{media_type}; charset={charset}")
        assert (response.status, json.loads(response.body)["code"]) == (415, "unsupported_media_type")
        assert "UTF-8" in json.loads(response.body)["detail"]


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_a_body_that_names_utf_8_is_read(site, charset):
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    response = send("/admin/login/", method="POST", body=b"x=1", CONTENT_TYPE=content_type)
    assert response.status == 403  # because it lacks the form's token


def test_a_charset_with_json_is_ignored(api):
    """RFC 8259, section 11."""
    response = send(
        "/orders",
        method="POST",
        body='{"item": "Teekanne für Zoë", "quantity": 1}'.encode(),
        CONTENT_TYPE="application/json; charset=latin-1",
        HTTP_AUTHORIZATION=api.headers["Authorization"],
    )
    assert (response.status, json.loads(response.body)["item"]) == (201, "Teekanne für Zoë")


# --- Parts of a form --------------------------------------------------------------------------------------------------

DISPOSITION = b"Content-Disposition: form-data; "


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=\xe9", b"x"),
        (f"multipart/form-data; boundary={'b' * 300}", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + DISPOSITION + b"name*=rot13''%41\r\n\r\ny\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + DISPOSITION + b"name*=nonsense''%41\r\n\r\ny\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + DISPOSITION + b"name=x; filename*=hex''%41\r\n\r\ny\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Transfer-Encoding: base64\r\n" + DISPOSITION + b"name=x"),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 5000),
        ("application/x-www-form-urlencoded", b"&".join(b"x%d=1" % number for number in range(2000))),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&%00=%ED%A0%80"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("path", ["/admin/login/", "/dashboard/orders/new/", "/orders"])
def test_a_form_that_cannot_be_read_is_refused(site, signed_in, path, content_type, body):
    for accept in ("*/*", "text/html"):
        for cookie in ("", signed_in):
            response = send(
                path, method="POST", body=body, CONTENT_TYPE=content_type, HTTP_COOKIE=cookie, HTTP_ACCEPT=accept
            )
            check(response, browser=accept == "text/html")
            assert 400 <= response.status < 500


# --- Addresses, hosts and lengths -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*API_PATHS, *PAGE_PATHS])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_more_parameters_than_django_accepts_are_refused_with_a_message(site, signed_in, path, accept):
    for cookie in ("", signed_in):
        response = send(path, query="&".join(["x"] * 1001), HTTP_ACCEPT=accept, HTTP_COOKIE=cookie)
        assert response.status == 400
        check(response, browser=accept == "text/html")
        assert b"more than 1000 fields" in response.body


@pytest.mark.parametrize(
    "host", ["evil.example", "", "a b", "[::1", "\xff", "testserver:port", "x" * 5000], ids=range(7)
)
@pytest.mark.parametrize("path", ["/orders", "/dashboard/"])
def test_an_unknown_host_is_refused_with_a_message(site, path, host):
    for accept in ("*/*", "text/html"):
        response = send(path, HTTP_HOST=host, HTTP_ACCEPT=accept)
        assert response.status == 400
        check(response, browser=accept == "text/html")
        assert b"Host header" in response.body


@pytest.mark.parametrize("length", ["x", "-1", "+5", "1_0", "\u0663".encode().decode("latin-1"), "5 ", "5, 5", "0x5"])
@pytest.mark.parametrize("path", ["/orders", "/admin/login/"])
def test_a_length_that_is_not_a_number_is_refused(site, path, length):
    response = send(path, method="POST", body=b"{}123", CONTENT_LENGTH=length, CONTENT_TYPE="application/json")
    assert (response.status, json.loads(response.body)["detail"]) == (400, "Content-Length is not a whole number.")


@pytest.mark.parametrize("path", ["/orders", "/admin/login/", "/dashboard/orders/new/"])
def test_a_body_over_the_limit_is_refused_unread(site, signed_in, path):
    for length in (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, 10**40):
        response = send(
            path, method="POST", CONTENT_LENGTH=str(length), HTTP_COOKIE=signed_in, **{"wsgi.input": Unreadable()}
        )
        assert (response.status, json.loads(response.body)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("method", ["PROPFIND", "POST", "DELETE", "BREW", "\xff"])
@pytest.mark.parametrize("path", [*API_PATHS, *PAGE_PATHS])
def test_an_unsupported_method_is_refused_in_the_format_for_the_client(site, signed_in, path, method):
    for accept in ("*/*", "text/html"):
        for cookie in ("", signed_in):
            response = send(path, method=method, HTTP_ACCEPT=accept, HTTP_COOKIE=cookie)
            check(response, browser=accept == "text/html")
            if response.status == 405:
                assert response.headers["Allow"]
                assert response.body


# --- Cookies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ['"aaaaaaaa\\000"', "aaaaaaaa\0", "\xff" * 32, "x" * 5000 + "'", '"\\"'], ids=range(5)
)
def test_an_invalid_session_key_is_not_looked_up(site, django_assert_num_queries, value):
    """PostgreSQL refuses a text with a NUL, which a quoted cookie can contain."""
    with django_assert_num_queries(0):
        response = send("/dashboard/", HTTP_COOKIE=f"sessionid={value}")
    assert (response.status, response.headers["Location"]) == (302, "/admin/login/?next=/dashboard/")


# --- Anything ---------------------------------------------------------------------------------------------------------

bytes_as_wsgi = st.text(st.characters(max_codepoint=255), max_size=40)
paths = st.sampled_from([*API_PATHS, *PAGE_PATHS, "/dashboard/search/", "/dashboard/export.csv", "/dashboard/live/"])
headers = st.dictionaries(
    st.sampled_from(
        [
            "CONTENT_TYPE",
            "CONTENT_LENGTH",
            "HTTP_ACCEPT",
            "HTTP_ACCEPT_ENCODING",
            "HTTP_ACCEPT_LANGUAGE",
            "HTTP_AUTHORIZATION",
            "HTTP_CONTENT_ENCODING",
            "HTTP_COOKIE",
            "HTTP_EXPECT",
            "HTTP_HOST",
            "HTTP_HX_REQUEST",
            "HTTP_IDEMPOTENCY_KEY",
            "HTTP_IF_MATCH",
            "HTTP_IF_MODIFIED_SINCE",
            "HTTP_IF_NONE_MATCH",
            "HTTP_ORIGIN",
            "HTTP_RANGE",
            "HTTP_REFERER",
            "HTTP_TRANSFER_ENCODING",
            "HTTP_X_FORWARDED_FOR",
            "HTTP_X_FORWARDED_PROTO",
            "HTTP_X_REQUEST_ID",
        ]
    ),
    bytes_as_wsgi
    | st.sampled_from(
        [
            "*/*",
            "text/html",
            "text/html;q*=rot13''%41",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=b",
            "Api-Key a.b",
            "Api-Key \0.\0",
            "chunked",
            "gzip",
            "https",
            'messages="\\000"; timezone="\\000"; csrftoken=\xff',
            "timezone=../../etc/passwd",
            "x" * 20_000,
        ]
    ),
    max_size=5,
)
FUZZED = hypothesis_settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
requests = st.fixed_dictionaries(
    {
        "path": paths | bytes_as_wsgi.map("/".__add__),
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "\xff"]),
        "query": bytes_as_wsgi | st.sampled_from(["q=%00", "q=%ED%A0%80", "%", "a=%zz", ";&;&=", "id=" + "x" * 9000]),
        "body": st.binary(max_size=60),
    }
)


@FUZZED
@given(request_line=requests, fields=headers, as_staff=st.booleans())
@example(request_line={"path": "/nothing"}, fields={"HTTP_ACCEPT": "text/html;q*=rot13''%41"}, as_staff=True)
@example(request_line={"path": "/%00"}, fields={"HTTP_ACCEPT": "text/html"}, as_staff=True)
@example(request_line={"path": "/\xed\xa0\x80"}, fields={"HTTP_ACCEPT": "text/html"}, as_staff=True)
def test_a_request_of_any_shape_gets_a_regular_response(site, signed_in, request_line, fields, as_staff):
    caches["throttle"].clear()
    if as_staff:
        fields = {**fields, "HTTP_COOKIE": f"{signed_in}; {fields.get('HTTP_COOKIE', '')}"}
    environ = environ_of(**request_line, **fields)
    environ["wsgi.input_terminated"] = True
    check(Response(environ), browser=fields.get("HTTP_ACCEPT") == "text/html")


any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
any_headers = st.dictionaries(
    st.sampled_from(["Accept", "Authorization", "Content-Type", "Cookie", "Idempotency-Key", "X-Request-Id"]),
    st.lists(any_text, min_size=1, max_size=2),
)
events = st.fixed_dictionaries(
    {
        "httpMethod": st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        "path": st.sampled_from([*API_PATHS, *PAGE_PATHS]) | any_text.map("/".__add__),
        "multiValueQueryStringParameters": st.none()
        | st.dictionaries(any_text, st.lists(any_text, min_size=1, max_size=2), max_size=3),
        "body": st.none() | any_text,
    }
)
HALVES = {
    "httpMethod": "GET",
    "path": "/\ud800",
    "multiValueQueryStringParameters": {"\ud800": ["\udfff"]},
    "body": "\ud800",
}


@FUZZED
@given(event=events, given_headers=any_headers)
@example(event=HALVES, given_headers={"Cookie": ["€=\ud800"]})
def test_an_event_of_any_shape_gets_a_regular_response(site, event, given_headers):
    """An event of API Gateway, as Zappa converts it."""
    caches["throttle"].clear()
    event = {
        **event,
        "headers": {"Host": "testserver", **{name: values[-1] for name, values in given_headers.items()}},
        "multiValueHeaders": {"Host": ["testserver"], **given_headers},
        "isBase64Encoded": False,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}},
    }
    environ = create_wsgi_request(readable(json.loads(json.dumps(event))), script_name="", binary_support=True)
    check(Response(environ), browser=False)


@pytest.mark.parametrize(("accept", "media_type"), [("*/*", PROBLEM), ("text/html", PAGE)])
def test_a_failure_outside_of_djangos_error_handling_is_a_regular_500(site, accept, media_type):
    """A prefix that is not UTF-8: only a wrongly configured server can cause it, and no request."""
    response = send("/orders", SCRIPT_NAME="\xff", HTTP_ACCEPT=accept)
    assert (response.status, response.media_type) == (500, media_type)
    assert UUID(response.headers["X-Request-Id"])
    assert response.headers["Cache-Control"] == "no-store"

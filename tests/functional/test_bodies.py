"""Bodies with a length or in chunks, uncompressed or compressed."""

import gzip
import json
from io import BytesIO

import pytest
from django.conf import settings
from gunicorn.http.errors import InvalidChunkSize

from orders.models import Order

TEAPOT = {"item": "Teapot", "quantity": 2}
BODY = json.dumps(TEAPOT).encode()
LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
CHUNKED = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}


class Broken(BytesIO):
    """Malformed chunks, as gunicorn reads them."""

    def read(self, *_):
        raise InvalidChunkSize(b"nonsense")


def send(api, body, *, path="/orders", method="POST", **environ):
    """A body without a length, from a server that ends the stream with the body."""
    fields = {**CHUNKED, "wsgi.input_terminated": True, "wsgi.input": BytesIO(body), **environ}
    return api.client.generic(method, path, b"-", "application/json", headers=api.headers, **fields)


def code_of(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


# --- Chunks -----------------------------------------------------------------------------------------------------------


def test_a_chunked_order_is_placed(api):
    response = send(api, BODY)
    assert response.status_code == 201, response.content
    assert response.json()["item"] == "Teapot"
    path = f"/orders/{response.json()['order_id']}"
    assert send(api, b'{"status": "PROCESSING"}', path=path, method="PUT").json()["status"] == "PROCESSING"


def test_a_chunked_form_is_read(sign_in):
    browser = sign_in("Order managers")
    browser.handler.enforce_csrf_checks = False
    token = "2f1d6a0e-8c4b-4e7f-9a56-0c1d2e3f4a5b"
    fields = {**CHUNKED, "wsgi.input_terminated": True}
    form = f"token={token}&item=Teapot&quantity=2".encode()
    urlencoded = "application/x-www-form-urlencoded"
    response = browser.generic(
        "POST", "/dashboard/orders/new/", b"-", urlencoded, **fields, **{"wsgi.input": BytesIO(form)}
    )
    assert response.status_code == 302
    parts = form.replace(b"2f1d", b"3f1d").split(b"&")
    form = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % tuple(part.split(b"=")) for part in parts
    )
    response = browser.generic(
        "POST",
        "/dashboard/orders/new/",
        b"-",
        "multipart/form-data; boundary=b",
        **fields,
        **{"wsgi.input": BytesIO(form + b"--b--\r\n")},
    )
    assert response.status_code == 302
    assert [order.item for order in Order.scan()] == ["Teapot", "Teapot"]


@pytest.mark.parametrize("size", [64 * 1024 + 1, LIMIT, LIMIT + 1, LIMIT * 10])
def test_a_chunked_body_that_is_too_large_is_refused(api, traffic, size):
    body = BytesIO(BODY + b" " * (size - len(BODY)))
    assert code_of(send(api, b"", **{"wsgi.input": body})) == (413, "body_too_large")
    assert body.tell() <= LIMIT + 1
    assert traffic == []


def test_an_empty_chunked_body_is_refused(api):
    assert code_of(send(api, b"")) == (400, "invalid")


def test_a_chunked_body_that_ends_too_early_is_refused(api, traffic):
    assert code_of(send(api, b"", **{"wsgi.input": Broken()})) == (400, "bad_request")
    assert traffic == []


def test_a_chunked_body_is_refused_if_the_server_does_not_end_the_stream(api, traffic):
    response = send(api, BODY, **{"wsgi.input_terminated": False, "wsgi.input": Broken()})
    assert code_of(response) == (411, "length_required")
    assert response.json()["detail"] == "Send the body with a Content-Length."
    assert traffic == []


# --- Codings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "deflate", "gzip, identity", "nonsense", "zstd"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/orders"), ("PUT", "/orders/1"), ("POST", "/admin/login/")])
def test_a_compressed_body_is_refused_with_the_remedy(api, traffic, method, path, coding):
    headers = {**api.headers, "Content-Encoding": coding}
    response = api.client.generic(method, path, gzip.compress(BODY), "application/json", headers=headers)
    assert code_of(response) == (415, "unsupported_media_type")
    assert response.json()["detail"] == "The body is compressed. Send it uncompressed, without Content-Encoding."
    assert response["Accept-Encoding"] == "identity"
    assert traffic == []


def test_a_body_with_a_compressed_transfer_encoding_is_refused_too(api, traffic):
    response = send(api, gzip.compress(BODY), HTTP_TRANSFER_ENCODING="gzip, chunked")
    assert code_of(response) == (415, "unsupported_media_type")
    assert traffic == []


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_an_uncompressed_body_with_a_content_encoding_is_read(api, coding):
    assert api.post("/orders", TEAPOT, Content_Encoding=coding).status_code == 201


def test_a_coding_without_a_body_is_ignored(api):
    assert api.get("/orders", Content_Encoding="gzip").status_code == 200

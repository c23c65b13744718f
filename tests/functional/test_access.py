"""Access by API key, by session and without either. Rate limits are in test_limits.py."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Access, ApiKey, User
from orders import store
from orders.models import Order
from tests.clients import ApiClient

TEAPOT = {"item": "Teapot", "quantity": 2}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def problem_of(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    return problem


def stored_count():
    return len(list(Order.scan()))


def every_endpoint(client, path):
    yield client.get("/orders")
    yield client.get(path)
    yield client.post("/orders", TEAPOT)
    yield client.put(path, {"status": "PROCESSING"})
    yield client.delete(path)


@pytest.fixture
def order(api):
    return api.place()


@pytest.fixture
def path(order):
    return f"/orders/{order['order_id']}"


# --- Anonymous --------------------------------------------------------------------------------------------------------


def check_unauthorized(client, path, code):
    before = store.get(path.rpartition("/")[2]).version
    for response in [*every_endpoint(client, path), client.get("/schema")]:
        problem_of(response, 401, code)
        assert response["WWW-Authenticate"] == 'Api-Key realm="orders"'
    assert store.get(path.rpartition("/")[2]).version == before
    assert stored_count() == 1


def test_an_anonymous_request_is_a_401_that_names_the_scheme(stranger, path):
    check_unauthorized(stranger, path, "not_authenticated")


@pytest.mark.parametrize("authorization", ["Bearer abc", "Basic YTpi", "nonsense", ""])
def test_another_authorization_scheme_is_ignored(api, path, authorization):
    api.headers = {"Authorization": authorization}
    check_unauthorized(api, path, "not_authenticated")


@pytest.mark.parametrize("key", ["nonsense", f"{'a' * 8}.{'b' * 32}", "\xe9\xe9", "a.b c"])
def test_an_unknown_key_is_refused(path, key):
    check_unauthorized(ApiClient(key), path, "invalid_api_key")


def test_a_key_with_a_wrong_secret_is_refused(api, path, read_write_key):
    wrong = read_write_key[:-1] + ("a" if read_write_key[-1] != "a" else "b")
    check_unauthorized(ApiClient(wrong), path, "invalid_api_key")


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"revoked": True}, "api_key_revoked"), ({"expiry_date": timezone.now() - timedelta(1)}, "api_key_expired")],
)
def test_a_revoked_or_expired_key_is_refused(path, fields, code):
    _, key = ApiKey.objects.create_key(name="former shop", access=Access.READ_WRITE, **fields)
    check_unauthorized(ApiClient(key), path, code)


def test_a_refused_key_is_a_401_even_with_a_session(sign_in, path):
    browser = sign_in("Order managers")
    assert browser.get(path).status_code == 200
    problem_of(browser.get(path, headers={"Authorization": "Api-Key nonsense"}), 401, "invalid_api_key")


def test_public_endpoints_accept_requests_with_a_wrong_key():
    client = ApiClient("nonsense")
    assert client.get("/lifecycle").status_code == 200


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_the_scheme_may_be_written_in_any_case(order, path, read_write_key):
    client = ApiClient(None)
    client.headers = {"Authorization": f"api-key {read_write_key}"}
    assert client.get(path).json() == order


def test_a_read_only_key_may_read_and_not_write(order, path, read_only_key):
    reader = ApiClient(read_only_key)
    assert reader.get(path).json() == order
    assert reader.get("/orders").json()["results"] == [order]
    assert reader.get("/schema").status_code == 200
    for response in (
        reader.post("/orders", TEAPOT),
        reader.put(path, {"status": "PROCESSING"}),
        reader.delete(path),
    ):
        problem = problem_of(response, 403, "read_only_api_key")
        assert problem["detail"] == "This API key is read-only. Use a read-write key to change orders."
    assert store.get(order["order_id"]).version == 1
    assert stored_count() == 1


def test_a_refused_write_reveals_nothing_about_the_body_or_the_order(read_only_key, table):
    reader = ApiClient(read_only_key)
    for response in (reader.post("/orders", "{"), reader.put("/orders/none", {}), reader.delete("/orders/none")):
        problem_of(response, 403, "read_only_api_key")


# --- Staff ------------------------------------------------------------------------------------------------------------


def csrf_token(browser):
    """The token that a page sets for its forms."""
    browser.get("/dashboard/", headers={"Accept": BROWSER})
    return browser.cookies[settings.CSRF_COOKIE_NAME].value


def send(browser, method, path, body=None, *, token=None):
    headers = {"X-CSRFToken": token} if token else {}
    return getattr(browser, method)(path, body, "application/json", headers=headers)


def test_managers_may_do_everything_under_their_own_name(sign_in, table):
    browser = sign_in("Order managers")
    token = csrf_token(browser)
    placed = send(browser, "post", "/orders", TEAPOT, token=token)
    assert placed.status_code == 201
    path = placed["Location"]
    assert send(browser, "put", path, {"status": "PROCESSING"}, token=token).status_code == 200
    order = store.get(placed.json()["order_id"])
    assert [entry.by for entry in order.history] == ["staff:asha", "staff:asha"]
    assert browser.get(path).json()["version"] == 2
    assert send(browser, "delete", path, token=token).status_code == 204
    assert stored_count() == 0


def test_viewers_may_read_and_a_refused_write_names_the_required_group(sign_in, order, path):
    browser = sign_in("Order viewers")
    token = csrf_token(browser)
    assert browser.get(path).json() == order
    assert browser.get("/orders").json()["results"] == [order]
    for response, permission in (
        (send(browser, "post", "/orders", TEAPOT, token=token), "Can add order"),
        (send(browser, "put", path, {"status": "PROCESSING"}, token=token), "Can change order"),
        (send(browser, "delete", path, token=token), "Can delete order"),
    ):
        problem = problem_of(response, 403, "missing_permission")
        assert permission in problem["detail"]
        assert "Order managers" in problem["detail"]
    assert store.get(order["order_id"]).version == 1


def test_staff_in_no_group_may_not_view_orders(sign_in, path):
    browser = sign_in()
    for response in (browser.get("/orders"), browser.get(path), browser.get("/schema")):
        assert "Order viewers" in problem_of(response, 403, "missing_permission")["detail"]


@pytest.mark.parametrize("token", [None, "x", "x" * 32])
def test_a_write_by_session_without_the_csrf_token_is_refused(sign_in, order, path, token):
    browser = sign_in("Order managers")
    csrf_token(browser)
    for method, address, body in (
        ("post", "/orders", TEAPOT),
        ("put", path, {"status": "PROCESSING"}),
        ("delete", path, None),
    ):
        problem = problem_of(send(browser, method, address, body, token=token), 403, "permission_denied")
        assert problem["detail"].startswith("CSRF Failed")
    assert store.get(order["order_id"]).version == 1
    assert stored_count() == 1


def test_a_key_needs_no_csrf_token_even_with_a_session(sign_in, read_write_key):
    browser = sign_in()
    response = browser.post(
        "/orders", TEAPOT, "application/json", headers={"Authorization": f"Api-Key {read_write_key}"}
    )
    assert response.status_code == 201
    assert store.get(response.json()["order_id"]).history[0].by == "api-key:shop"


def test_staff_and_programs_have_separate_idempotency_keys(sign_in, api):
    browser = sign_in("Order managers")
    headers = {"X-CSRFToken": csrf_token(browser), "Idempotency-Key": "cart-7"}
    mine, again = (browser.post("/orders", TEAPOT, "application/json", headers=headers) for _ in range(2))
    theirs = api.post("/orders", TEAPOT, Idempotency_Key="cart-7")
    assert again["Idempotent-Replayed"] == "true"
    assert mine.json()["order_id"] == again.json()["order_id"] != theirs.json()["order_id"]
    assert stored_count() == 2


def test_an_inactive_user_may_do_nothing(sign_in, path):
    browser = sign_in("Order managers")
    assert browser.get(path).status_code == 200
    User.objects.update(is_active=False)
    problem_of(browser.get(path), 401, "not_authenticated")


def test_staff_get_json_if_the_client_accepts_json(sign_in, order, path):
    browser = sign_in("Order viewers")
    for accept in ("application/json", "*/*", "application/json, text/html;q=0.5"):
        response = browser.get(path, headers={"Accept": accept})
        assert (response["Content-Type"], response.json()) == ("application/json", order)

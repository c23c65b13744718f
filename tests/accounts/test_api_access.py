"""API keys, sessions and permissions together, on a view that supports every method."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView, exception_handler

from accounts.authentication import ApiKeyAuthentication
from accounts.callers import identify
from accounts.models import Access
from accounts.permissions import OrderPermissions

READING = ["GET", "HEAD", "OPTIONS"]
WRITING = ["POST", "PUT", "PATCH", "DELETE"]


class Orders(APIView):
    """Only authentication and permissions are ours; the rest is REST framework's, regardless of the settings."""

    authentication_classes = (ApiKeyAuthentication, SessionAuthentication)
    permission_classes = (OrderPermissions,)
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = DefaultContentNegotiation

    def respond(self, request):
        return Response({"by": identify(request.user).label})

    get = head = options = post = put = patch = delete = respond

    def get_exception_handler(self):
        return handle_with_code


def handle_with_code(exc, context):
    """REST framework's response, and the code, which it omits."""
    response = exception_handler(exc, context)
    response.data = {"detail": str(exc.detail), "code": exc.get_codes()}
    return response


def call(method="GET", *, header=None, user=None):
    request = APIRequestFactory().generic(method, "/orders", **({"HTTP_AUTHORIZATION": header} if header else {}))
    if user is not None:
        force_authenticate(request, user=user)
    return Orders.as_view()(request)


@pytest.mark.parametrize("method", READING + WRITING)
def test_a_read_write_key_may_use_every_method(make_key, method):
    _, key = make_key(access=Access.READ_WRITE)
    response = call(method, header=f"Api-Key {key}")
    assert response.status_code == 200
    assert response.data == {"by": "api-key:shop"}


@pytest.mark.parametrize("method", READING)
def test_a_read_only_key_may_read(make_key, method):
    _, key = make_key(access=Access.READ_ONLY)
    assert call(method, header=f"Api-Key {key}").status_code == 200


@pytest.mark.parametrize("method", WRITING)
def test_a_read_only_key_may_not_write_and_the_error_names_the_remedy(make_key, method):
    _, key = make_key(access=Access.READ_ONLY)
    response = call(method, header=f"Api-Key {key}")
    assert response.status_code == 403
    assert response.data == {
        "detail": "This API key is read-only. Use a read-write key to change orders.",
        "code": "read_only_api_key",
    }


@pytest.mark.parametrize("scheme", ["Api-Key", "api-key", "API-KEY", " Api-Key", "Api-Key "])
def test_the_scheme_may_be_in_any_case_and_have_extra_spaces(make_key, scheme):
    _, key = make_key()
    assert call(header=f"{scheme} {key} ").status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer abcdefgh.0123", "Basic YTpi", "Api-Keys abcdefgh.0123"])
@pytest.mark.parametrize("method", READING + WRITING)
def test_an_anonymous_request_is_a_401(db, django_assert_num_queries, header, method):
    with django_assert_num_queries(0):
        response = call(method, header=header)
    assert response.status_code == 401
    assert response.data["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == 'Api-Key realm="orders"'


@pytest.mark.parametrize(
    "header",
    [
        "Api-Key",
        "Api-Key ",
        "Api-Key nonsense",
        f"Api-Key {'a' * 8}.{'b' * 32}",
        f"Api-Key {'a' * 8}.{'b' * 32} and more",
        f"Api-Key {'a' * 8}.{'b' * 31}\xe9",
    ],
)
def test_a_malformed_or_unknown_key_is_a_401(db, header):
    response = call(header=header)
    assert response.status_code == 401
    assert response.data["code"] == "invalid_api_key"
    assert "not valid" in response.data["detail"]
    assert response["WWW-Authenticate"] == 'Api-Key realm="orders"'


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"revoked": True}, "api_key_revoked"),
        ({"expiry_date": datetime(2020, 1, 1, tzinfo=UTC)}, "api_key_expired"),
        ({"revoked": True, "expiry_date": datetime(2020, 1, 1, tzinfo=UTC)}, "api_key_revoked"),
    ],
)
def test_a_revoked_or_expired_key_is_a_401_with_its_own_code(make_key, fields, code):
    _, key = make_key(**fields)
    response = call(header=f"Api-Key {key}")
    assert response.status_code == 401
    assert response.data["code"] == code


def test_a_key_that_expires_later_is_accepted(make_key):
    _, key = make_key(expiry_date=timezone.now() + timedelta(days=1))
    assert call(header=f"Api-Key {key}").status_code == 200


def test_a_refused_key_is_refused_even_with_a_session(make_key, make_staff, rf):
    _, key = make_key(revoked=True)
    request = rf.get("/orders", HTTP_AUTHORIZATION=f"Api-Key {key}")
    request.user = make_staff("Order managers")
    assert Orders.as_view()(request).status_code == 401


def test_staff_are_authenticated_by_session_when_no_key_is_sent(make_staff, rf):
    request = rf.get("/orders")
    request.user = make_staff("Order viewers")
    response = Orders.as_view()(request)
    assert response.status_code == 200
    assert response.data == {"by": "staff:asha"}


@pytest.mark.parametrize("method", READING + WRITING)
def test_order_managers_may_use_every_method(make_staff, method):
    assert call(method, user=make_staff("Order managers")).status_code == 200


@pytest.mark.parametrize("method", READING)
def test_order_viewers_may_read(make_staff, method):
    assert call(method, user=make_staff("Order viewers")).status_code == 200


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("POST", "Can add order"),
        ("PUT", "Can change order"),
        ("PATCH", "Can change order"),
        ("DELETE", "Can delete order"),
    ],
)
def test_order_viewers_may_not_write_and_the_error_names_the_group(make_staff, method, permission):
    response = call(method, user=make_staff("Order viewers"))
    assert response.status_code == 403
    assert response.data == {
        "detail": f"You do not have the permission '{permission}'. "
        'Ask an administrator for the group "Order managers".',
        "code": "missing_permission",
    }


def test_staff_in_no_group_may_not_even_read(make_staff):
    response = call("GET", user=make_staff())
    assert response.status_code == 403
    assert response.data["detail"] == (
        "You do not have the permission 'Can view order'. Ask an administrator for the group \"Order viewers\"."
    )


def test_a_superuser_may_use_every_method(make_staff):
    user = make_staff()
    user.is_superuser = True
    assert all(call(method, user=user).status_code == 200 for method in READING + WRITING)


def test_inactive_staff_may_do_nothing(make_staff):
    user = make_staff("Order managers")
    user.is_active = False
    assert call("GET", user=user).status_code == 403


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_an_unsupported_method_is_a_405(make_key, method):
    _, key = make_key()
    assert call(method, header=f"Api-Key {key}").status_code == 405

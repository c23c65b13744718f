from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.callers import ApiKeyCaller
from accounts.keys import KeyRefusedError, caller_for
from accounts.throttling import Failures

SCHEME = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticates a program by `Authorization: Api-Key <key>`; the next class handles any other scheme, or none.

    A key that is not accepted is a 401, even if the request also has a valid session. The codes are those of
    `accounts.keys`. An address that sends too many such keys gets a 429
    before any database query; a key that this process has accepted before is still accepted.
    """

    def authenticate(self, request: Request) -> tuple[ApiKeyCaller, None] | None:
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        failures = Failures(request, "key")
        try:
            return caller_for(key.strip(), at=timezone.now(), before_unknown=failures.require_few), None
        except KeyRefusedError as refused:
            failures.add()
            raise AuthenticationFailed(str(refused), code=refused.code) from None

    def authenticate_header(self, request: Request) -> str:
        """The `WWW-Authenticate` header of a 401. Without it, REST framework would send a 403."""
        return f'{SCHEME} realm="orders"'


class SessionAuthentication(authentication.SessionAuthentication):
    """Authenticates staff by the session of a login.

    An address that sends too many unknown sessions, or omits the CSRF token too often, gets a 429 before any database
    query.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return super().authenticate(request)
        failures = Failures(request, "session")
        failures.require_few()
        try:
            found = super().authenticate(request)
        except PermissionDenied:
            failures.add()
            raise
        if found is None:
            failures.add()
        return found

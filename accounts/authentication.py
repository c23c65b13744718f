from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.callers import ApiKeyCaller
from accounts.keys import KeyRefusedError, caller_for

SCHEME = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """Lets a program in by `Authorization: Api-Key <key>`; another scheme, or none, is left to the next class.

    A key that was sent and does not count is a 401 even where a session would have let the request in: the client
    meant the key. The codes are those of `accounts.keys`.
    """

    def authenticate(self, request: Request) -> tuple[ApiKeyCaller, None] | None:
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        try:
            return caller_for(key.strip(), at=timezone.now()), None
        except KeyRefusedError as refused:
            raise AuthenticationFailed(str(refused), code=refused.code) from None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the signature of REST framework
        """What a 401 says in `WWW-Authenticate`; without it REST framework would answer 403."""
        return f'{SCHEME} realm="orders"'

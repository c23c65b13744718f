"""The credentials of this process, found by botocore's own resolvers: variables, files, profiles, containers, roles."""

from threading import Lock
from typing import Any

from botocore.credentials import create_credential_resolver
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})
"""The errors of a call whose session token has expired. The call was not carried out."""


class DeferredCredentials:
    """Credentials that are resolved at first use, and again after `discard`.

    A client can therefore be created at import, where a snapshot of the process must not contain credentials. Has the
    methods of `botocore.credentials.Credentials` that a client uses, and is its own credential provider.
    """

    method = "deferred"

    def __init__(self) -> None:
        self.session: Any = None
        """botocore's session, whose configuration names the profile and the files."""
        self._resolved: Any = None
        self._lock = Lock()

    def load_credentials(self) -> "DeferredCredentials":
        """Called by botocore when it creates a client."""
        return self

    def get_frozen_credentials(self) -> Any:
        """The access key, secret key and session token; botocore refreshes those that are about to expire.

        Raises NoCredentialsError if there are none. The next call looks for them again.
        """
        resolved = self._resolved or self._resolve()
        try:
            return resolved.get_frozen_credentials()
        except RuntimeError as error:
            # botocore's error if a refresh returned credentials that have expired too.
            raise CredentialRetrievalError(provider=resolved.method, error_msg=str(error)) from error

    def get_deferred_property(self, name: str) -> Any:
        """A function that returns an attribute of the resolved credentials: `account_id`, for the endpoint."""
        return lambda: getattr(self.get_frozen_credentials(), name, None)

    def discard(self) -> None:
        """Resolve the credentials again at the next use, because DynamoDB reported that they have expired."""
        self._resolved = None

    def _resolve(self) -> Any:
        with self._lock:
            if self._resolved is None:
                # A new resolver, because each has a cache of the roles that it has assumed.
                self._resolved = create_credential_resolver(self.session).load_credentials()
            if self._resolved is None:
                raise NoCredentialsError
            return self._resolved

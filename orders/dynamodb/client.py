"""The connection to the orders table, and the botocore client behind it."""

from contextlib import suppress
from threading import RLock
from typing import Any

from botocore.exceptions import BotoCoreError
from pynamodb.connection.base import Connection
from pynamodb.connection.table import TableConnection

from orders.dynamodb.attempts import observe
from orders.dynamodb.credentials import EXPIRED_CODES, DeferredCredentials
from orders.models import Order

_lock = RLock()


def connection() -> TableConnection:
    """PynamoDB's connection to the orders table, created at first use and shared by all threads of the process."""
    table = Order._get_connection()  # noqa: SLF001 (PynamoDB has no public method for it)
    if not isinstance(table.connection, ClientConnection):
        with _lock:
            _replace(table)
    return table


def prepare() -> None:
    """Create the client, so that the first call need not.

    Calls nothing and resolves no credentials, so it may run at import. A mistake in the configuration is raised by the
    first call.
    """
    with suppress(BotoCoreError):
        _ = connection().connection.client


def _replace(table: TableConnection) -> None:
    """Give the table a ClientConnection with the same settings, which PynamoDB offers no way to choose."""
    if isinstance(table.connection, ClientConnection):
        return
    meta = Order.Meta
    own = ClientConnection(
        region=meta.region,
        connect_timeout_seconds=meta.connect_timeout_seconds,
        read_timeout_seconds=meta.read_timeout_seconds,
        max_retry_attempts=meta.max_retry_attempts,
        max_pool_connections=meta.max_pool_connections,
    )
    own.add_meta_table(table.get_meta_table())
    table.connection = own


class ClientConnection(Connection):
    """A connection whose client resolves its credentials at the first call and renews those that have expired."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.credentials = DeferredCredentials()
        self._ready: Any = None

    @property
    def session(self) -> Any:
        session = super().session
        self.credentials.session = session
        session.register_component("credential_provider", self.credentials)
        return session

    @property
    def client(self) -> Any:
        """The botocore client, created once for all threads."""
        if self._ready is None:
            with _lock:
                client = super().client
                if self._ready is None:
                    # First, because botocore's own handler ends the event when it has no more attempts.
                    client.meta.events.register_first("needs-retry.dynamodb", self._renew_credentials)
                    observe(client)
                self._ready = client
        return self._ready

    def _renew_credentials(self, response: Any, request_dict: Any, **_: Any) -> float | None:
        """Botocore's `needs-retry`: repeat the call once, and at once, with new credentials."""
        context = request_dict["context"]
        if response is None or context.get("credentials_renewed"):
            return None
        if response[1].get("Error", {}).get("Code") not in EXPIRED_CODES:
            return None
        context["credentials_renewed"] = True
        self.credentials.discard()
        return 0.0

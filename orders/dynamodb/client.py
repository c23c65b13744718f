"""The connection to the orders table, and the botocore client behind it."""

import time
from contextlib import suppress
from functools import cache
from threading import RLock
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import create_loader
from django.conf import settings
from pynamodb.connection.base import Connection
from pynamodb.connection.table import TableConnection

from orders.dynamodb.attempts import observe
from orders.dynamodb.calls import record
from orders.dynamodb.credentials import DeferredCredentials
from orders.dynamodb.lean import LeanClient
from orders.dynamodb.stock import StockHandlers
from orders.models import Order

LEAN = "lean"

_lock = RLock()


def connection() -> TableConnection:
    """PynamoDB's connection to the orders table, created at first use and shared by all threads of the process."""
    table = Order._get_connection()  # noqa: SLF001 (PynamoDB has no public method for it)
    if not isinstance(table.connection, ClientConnection):
        with _lock:
            _replace(table)
    return table


def model() -> type[Order]:
    """The model, whose methods use `connection`."""
    connection()
    return Order


def prepare() -> None:
    """Create the client, so that the first call need not.

    Calls nothing and resolves no credentials, so it may run at import. A mistake in the configuration is raised by the
    first call.
    """
    client = connection().connection
    with suppress(BotoCoreError):
        client.prepare()  # type: ignore[attr-defined]  # `connection` has replaced PynamoDB's own


def _replace(table: TableConnection) -> None:
    """Give the table a ClientConnection with the same settings, which PynamoDB offers no way to choose."""
    if isinstance(table.connection, ClientConnection):
        return
    meta = Order.Meta
    own = ClientConnection(
        attempts=meta.max_retry_attempts + 1,
        region=meta.region,
        connect_timeout_seconds=meta.connect_timeout_seconds,
        read_timeout_seconds=meta.read_timeout_seconds,
        max_pool_connections=meta.max_pool_connections,
    )
    own.add_meta_table(table.get_meta_table())
    table.connection = own


class ClientConnection(Connection):
    """A connection whose client is the one that ORDERS_DYNAMODB_CLIENT names."""

    def __init__(self, *, attempts: int, **settings: Any) -> None:
        super().__init__(max_retry_attempts=attempts - 1, **settings)
        self._attempts = attempts
        self._settings = settings
        self._credentials = DeferredCredentials()
        self._lean: LeanClient | None = None
        self._ready: Any = None

    @property
    def session(self) -> Any:
        session = super().session
        self._credentials.session = session
        session.register_component("credential_provider", self._credentials)
        session.register_component("data_loader", _data_loader())
        # A fixed text. botocore would build one for each request, which takes a tenth of the CPU time of a GET.
        session.set_default_client_config(Config(user_agent=session.user_agent()))
        return session

    @property
    def client(self) -> Any:
        """The botocore client, created once for all threads."""
        if self._ready is None:
            with _lock:
                if self._ready is None:
                    self._ready = self._create()
        return self._ready

    def _create(self) -> Any:
        client = super().client
        StockHandlers(self._credentials, attempts=self._attempts).register(client.meta.events)
        observe(client)
        if settings.ORDERS_DYNAMODB_CLIENT == LEAN and not _has_own_network_settings(client.meta.config):
            self._lean = LeanClient(
                self._credentials,
                attempts=self._attempts,
                verify=self.session.get_config_variable("ca_bundle"),
                connections=self._settings["max_pool_connections"],
                connect_timeout=self._settings["connect_timeout_seconds"],
                read_timeout=self._settings["read_timeout_seconds"],
            )
            # Last, because other handlers add headers.
            client.meta.events.register_last("before-call", self._lean.before_call, unique_id="orders-lean-client")
        return client

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """PynamoDB's method for every call on items. The call is recorded."""
        start, reply = time.monotonic(), None
        try:
            reply = self._dispatch(operation_name, operation_kwargs)
        finally:
            record(operation_name, time.monotonic() - start, reply)
        return reply

    def _dispatch(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        # Without PynamoDB's signals, which nothing uses.
        client = self.client
        reply = self._lean.call(client, operation, arguments) if self._lean else None
        return super().dispatch(operation, arguments) if reply is None else reply

    def prepare(self) -> None:
        """Create the client and its pool, without a connection."""
        endpoint = self.client.meta.endpoint_url
        if self._lean:
            self._lean.prepare(endpoint)

    def close(self) -> None:
        """Close all connections. The next call opens new ones."""
        if self._ready is not None:
            self._ready.close()
        if self._lean is not None:
            self._lean.close()


@cache
def _data_loader() -> Any:
    """One for all connections of the process. Each would otherwise take 40 ms to read botocore's files."""
    return create_loader()


def _has_own_network_settings(config: Any) -> bool:
    """Whether ~/.aws/config has settings for proxies or certificates that only botocore's own transport supports."""
    return bool(config.proxies or config.proxies_config or config.client_cert)

"""Runs tests with each client of DynamoDB."""

from collections.abc import Iterator
from typing import Any

import pytest

from orders.models import Order

CLIENTS = "lean", "botocore"
BOTH_CLIENTS = frozenset(
    {
        "contract/test_batches",
        "contract/test_credentials",
        "contract/test_dynamodb_errors",
        "contract/test_lost_responses",
        "contract/test_replies",
        "contract/test_store",
        "contract/test_transport",
        "functional/test_former_orders",
        "functional/test_idempotency",
        "functional/test_listing",
        "functional/test_one_order",
        "functional/test_outages",
        "functional/test_placing",
        "functional/test_server_timing",
        "functional/test_unreadable_orders",
    }
)
"""The test files that run with each client; the others use the default."""

_connections: dict[str, Any] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.definition.path
    if f"{path.parent.name}/{path.stem}" not in BOTH_CLIENTS:
        return
    # First, because other fixtures connect.
    metafunc.fixturenames.insert(0, "dynamodb_client")
    clients = CLIENTS[:1] if metafunc.definition.get_closest_marker("only_lean") else CLIENTS
    metafunc.parametrize("dynamodb_client", clients, indirect=True)


@pytest.fixture
def dynamodb_client(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """The client of DynamoDB that the test uses, with one connection for all tests."""
    settings.ORDERS_DYNAMODB_CLIENT = name = getattr(request, "param", CLIENTS[0])
    previous = Order._connection
    if name != CLIENTS[0]:
        Order._connection = _connections.get(name)
    yield name
    if name != CLIENTS[0]:
        _connections[name], Order._connection = Order._connection, previous

from collections.abc import Iterator
from typing import Any

import pytest

from orders.models import Order
from tests.contract.fault_proxy import FaultProxy, fault_proxy
from tests.contract.order_helpers import other_engine

CLIENTS = "lean", "botocore"
BOTH_CLIENTS = frozenset(
    {
        "test_batches",
        "test_credentials",
        "test_dynamodb_errors",
        "test_lost_responses",
        "test_replies",
        "test_store",
        "test_transport",
    }
)
"""The test files that run with each client; the others use the default."""

_connections: dict[str, Any] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.path.stem in BOTH_CLIENTS:
        # First, because other fixtures connect.
        metafunc.fixturenames.insert(0, "client")
        clients = CLIENTS[:1] if metafunc.definition.get_closest_marker("only_lean") else CLIENTS
        metafunc.parametrize("client", clients, indirect=True)


@pytest.fixture
def client(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """The client of DynamoDB that the test uses, with one connection for all tests."""
    settings.ORDERS_DYNAMODB_CLIENT = name = getattr(request, "param", CLIENTS[0])
    previous = Order._connection
    if name != CLIENTS[0]:
        Order._connection = _connections.get(name)
    yield name
    if name != CLIENTS[0]:
        _connections[name], Order._connection = Order._connection, previous


@pytest.fixture
def proxy(client: str, engine: str, table: None) -> Iterator[FaultProxy]:
    """A proxy through which the test calls the engine."""
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        yield proxy


@pytest.fixture(params=[1, 4], ids=["one shard", "four shards"])
def shards(request, settings) -> int:
    settings.ORDERS_INDEX_SHARDS = request.param
    return request.param

from collections.abc import Iterator

import pytest

from tests.contract.fault_proxy import FaultProxy, opened
from tests.contract.order_helpers import other_engine


@pytest.fixture
def way(engine: str, table: None) -> Iterator[FaultProxy]:
    """All calls of the test go to the engine through it."""
    with opened(engine) as way, other_engine(way.endpoint):
        yield way


@pytest.fixture(params=[1, 4], ids=["one shard", "four shards"])
def shards(request, settings) -> int:
    settings.ORDERS_INDEX_SHARDS = request.param
    return request.param

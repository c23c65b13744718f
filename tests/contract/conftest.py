from collections.abc import Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from orders.dynamodb import retries
from tests.contract.fault_proxy import FaultProxy, fault_proxy
from tests.contract.order_helpers import other_engine


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients retry a throttled call as soon as any other one: the same rule with a shorter delay."""
    monkeypatch.setattr(retries, "THROTTLING_BACKOFF", retries.BACKOFF)
    monkeypatch.setitem(ExponentialBackoff._DEFAULT_BACKOFF_CONFIG, "throttling_base_scale", retries.BACKOFF)


@pytest.fixture
def proxy(dynamodb_client: str, engine: str, table: None) -> Iterator[FaultProxy]:
    """A proxy through which the test calls the engine."""
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        yield proxy


@pytest.fixture(params=[1, 4], ids=["one shard", "four shards"])
def shards(request, settings) -> int:
    settings.ORDERS_INDEX_SHARDS = request.param
    return request.param

"""The simulation of the busiest index partition."""

from random import Random
from uuid import UUID

import pytest

from benchmarks.hottest_partition import PARTITION_WRITES, highest_rate, shard_of, simulate
from orders import models


@pytest.fixture
def random():
    return Random(1)  # noqa: S311 (not used for security)


@pytest.mark.parametrize("shards", [1, 4, 64])
def test_it_distributes_orders_as_the_app_does(settings, shards, random):
    settings.ORDERS_INDEX_SHARDS = shards
    ids = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(50)]
    assert [shard_of(one, shards) for one in ids] == [models.shard_of(one) for one in ids]


def test_one_shard_takes_every_write(random):
    load = simulate(rate=100, shards=1, seconds=2, random=random)
    assert (load.mean, load.peak, load.refused) == (300, 300, 0)


def test_writes_beyond_the_limit_of_a_partition_are_refused(random):
    load = simulate(rate=500, shards=1, seconds=1, random=random)
    assert load.peak == 1_500
    assert load.refused == pytest.approx(500 / 1_500)


def test_shards_share_the_writes_almost_evenly(random):
    load = simulate(rate=1_000, shards=4, seconds=3, random=random)
    assert 750 < load.mean <= load.peak < 850
    assert load.refused == 0


def test_the_highest_rate_is_somewhat_below_the_limit_of_all_partitions(random):
    assert highest_rate(1, random, most_writes=60_000) == pytest.approx(PARTITION_WRITES / 3, rel=0.02)
    assert 0.8 < highest_rate(4, random, most_writes=60_000) / (4 * PARTITION_WRITES / 3) < 1

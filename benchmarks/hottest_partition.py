"""`python -m benchmarks.hottest_partition`: simulates the writes to the busiest index partition with 1 to 64 shards.

An order that is placed and gets two more statuses is written three times to its partition of by_created, which is more
than to any other. `docs/scale.md` explains the results.
"""

from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass
from random import Random
from uuid import UUID
from zlib import crc32

SEED = 1
WRITES = 3
"""Per order: one when it is placed and one for each change of its status."""
PARTITION_WRITES = 1_000
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""
SHARDS = (1, 4, 16, 64)
RATES = (1, 1_000, 10_000, 100_000)
MOST_WRITES = 600_000
"""The number of writes to simulate for a rate, at least one second of them."""
PRECISION = 0.01


@dataclass(frozen=True)
class Load:
    """The writes of one second to the busiest partition: the mean and the maximum of all seconds.

    `refused` is the share of all writes beyond PARTITION_WRITES of a partition and second, without burst capacity.
    """

    mean: float
    peak: int
    refused: float


def shard_of(order_id: str, shards: int) -> int:
    return crc32(order_id.encode()) % shards


def simulate(*, rate: int, shards: int, seconds: int, random: Random) -> Load:
    """With `rate` orders per second, whose later changes arrive at the same rate."""
    busiest, refused = [], 0
    for _ in range(seconds):
        ids = (str(UUID(int=random.getrandbits(128), version=4)) for _ in range(rate * WRITES))
        writes = Counter(shard_of(order_id, shards) for order_id in ids)
        busiest.append(max(writes.values()))
        refused += sum(max(0, count - PARTITION_WRITES) for count in writes.values())
    return Load(sum(busiest) / seconds, max(busiest), refused / (seconds * rate * WRITES))


def highest_rate(shards: int, random: Random, *, most_writes: int = MOST_WRITES) -> int:
    """The highest rate of orders, within PRECISION, at which no simulated second exceeds a partition's limit."""
    low, high = 0, shards * PARTITION_WRITES // WRITES
    while high - low > max(1, high * PRECISION):
        rate = (low + high) // 2
        seconds = _seconds(rate, most_writes)
        if simulate(rate=rate, shards=shards, seconds=seconds, random=random).peak <= PARTITION_WRITES:
            low = rate
        else:
            high = rate
    return low


def _seconds(rate: int, most_writes: int = MOST_WRITES) -> int:
    return max(1, min(60, most_writes // (rate * WRITES)))


def main() -> None:
    ArgumentParser(prog="python -m benchmarks.hottest_partition", description=__doc__).parse_args()
    print(f"{'shards':>6} {'orders/s':>9} {'busiest partition, writes/s':>28} {'peak':>7} {'refused':>8}")
    random = Random(SEED)  # noqa: S311 (not used for security)
    for shards in SHARDS:
        for rate in RATES:
            load = simulate(rate=rate, shards=shards, seconds=_seconds(rate), random=random)
            print(f"{shards:>6} {rate:>9,} {load.mean:>28,.0f} {load.peak:>7,} {load.refused:>8.0%}")
        print(f"{shards:>6} {highest_rate(shards, random):>9,} is the highest rate without a refusal")


if __name__ == "__main__":
    main()

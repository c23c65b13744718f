"""Limits how fast work is done."""


class Pace:
    """At most `per_second` steps a second for each key. A delay of up to a second is made up for afterwards.

    Never reads the clock: callers pass the seconds of a monotonic clock as `at`.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._next: dict[str, float] = {}

    def delay(self, key: str, steps: int, *, at: float) -> float:
        """The seconds to wait before these steps are taken. They count as taken afterwards."""
        start = max(self._next.get(key, at), at - 1)
        self._next[key] = start + steps / self._per_second
        return max(0.0, start - at)

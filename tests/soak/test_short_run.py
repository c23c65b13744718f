"""Two minutes of the soak test, with all of its faults and kills."""

from collections import Counter

import pytest

from soak.checks import CHECKS
from soak.checks.responses import late_responses
from soak.plan import Plan
from soak.report import describe
from soak.run import run

KILL_EVERY = 80
KINDS_OF_KILLS = 3

PLAN = Plan(
    operations=100_000,
    seconds=120,
    # Each kind of process is killed after so many operations.
    at_least=2 * KINDS_OF_KILLS * KILL_EVERY,
    shards=4,
    seed=1,
    kill_every=KILL_EVERY,
    # The other tests need the CPUs meanwhile.
    pause=1.0,
)
"""Two minutes, longer on a slow machine."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    return run(PLAN, tmp_path_factory.mktemp("soak"))


def test_a_short_run_keeps_every_promise(evidence):
    # Not the time limit, because other tests use the CPUs meanwhile.
    checks = [check for check in CHECKS if check is not late_responses]
    assert [sentence for check in checks for sentence in check(evidence)] == [], describe(PLAN, evidence)


def test_a_short_run_contains_every_kind_of_operation_and_kill(evidence):
    operations = Counter(entry.operation for entry in evidence.entries)
    assert set(operations) >= {"create", "get", "change", "delete", "page", "walk", "preview", "sweep"}, operations
    assert {kill.process for kill in evidence.kills} == {"engine", "sweep", "worker"}
    assert evidence.faults

"""The benchmark runs, and fails with a sentence for each number that misses its limit."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.rows import Row
from local import PROJECT


def benchmark(*arguments):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Run:
    """A run that is too short for its times to mean anything."""

    process: subprocess.CompletedProcess[str]
    record: Path


@pytest.fixture(scope="module")
def run(engine, tmp_path_factory):
    record = tmp_path_factory.mktemp("record") / "results.json"
    parts = ("--only", "requests", "sweep", "sizes", "--without-peers")
    return Run(benchmark(*parts, "--orders", "50", "--rounds", "2", "--sizes", "50", "--record", str(record)), record)


@pytest.fixture(scope="module")
def results(run):
    assert run.process.returncode in (0, 1), run.process.stderr
    return json.loads(run.record.read_text())


def test_a_create_costs_one_call_and_the_writes_to_its_indexes(results):
    ours, former = results["costs"]["ours"]["POST"], results["costs"]["bare"]["POST"]
    assert (ours["calls"], ours["wcu"]) == (1, 4.0)
    assert (former["calls"], former["wcu"]) == (1, 1.0)


def test_every_request_is_compared_with_the_bare_handler(results):
    names = {row["name"] for row in results["rows"]}
    assert {f"{method} / bare handler" for method in ("GET", "POST", "PUT", "DELETE")} <= names
    assert {"list of 25 / bare Query of 25", "sweep, CPU per order / scan and update"} <= names


def test_a_page_costs_one_call_at_any_depth(results):
    (size,) = results["sizes"]
    assert [page["number"] for page in size["pages"]] == [1, 2]
    assert all(page["calls"] == 1 and 0 < page["rcu"] <= 2 for page in size["pages"])


def test_the_sweep_of_a_size_expires_all_orders_that_are_due(results):
    sweep = results["sizes"][0]["sweep"]
    assert (sweep["due"], sweep["expired"]) == (10, 10)
    assert 0 < sweep["rcu"] < sweep["former_rcu"] + 1


def test_a_row_at_its_limit_is_not_missed():
    row = Row("GET / bare handler", 1.0, must=1.0, aim=0.8)
    assert (row.is_missed, row.verdict) == (False, "reached")
    assert Row("GET", 0.8, must=1.0, aim=0.8).verdict == "aim reached"


def test_a_missed_row_has_a_sentence_with_both_numbers():
    row = Row("first request after the import", 17.25, must=15.0, unit=" ms", digits=1)
    assert (row.is_missed, row.verdict) == (True, "MISSED")
    assert row.sentence == "first request after the import: 17.2 ms, but it must be at most 15.0 ms."


def test_a_run_with_a_missed_limit_exits_with_1_and_its_sentence(run):
    # One Query costs at least 0.5 RCU, which is too much for so few orders.
    assert run.process.returncode == 1
    assert "sweep of 10 of 50 orders, RCU per order: 0.100, but it must be at most 0.060." in run.process.stderr
    assert "MISSED" in run.process.stdout


def test_unknown_parts_are_refused():
    assert "invalid choice" in benchmark("--only", "nothing").stderr

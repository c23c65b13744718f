"""Each test that docs/reliability.md names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_promise_names_a_test_that_exists():
    table = (ROOT / "docs" / "reliability.md").read_text().partition("## Not promised")[0]
    promises = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"^def (test_\w+)\(", code, re.MULTILINE))
    for promise in promises:
        named = re.findall(r"`(test_\w+)`", promise)
        assert named or "make soak" in promise, promise
        assert set(named) <= tests, set(named) - tests

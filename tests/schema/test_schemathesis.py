"""Requests that Schemathesis generates from /schema, valid and invalid, alone and in sequences, against production.

Every check is on: no server errors, no undocumented responses, no refusal of valid requests, and no success of invalid
ones. `make test-schema CASES=5000` sends more than a run of all tests does.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from soak.site import THROUGH_THE_PROXY
from tests.deploy.servers import PROJECT, postgresql
from tests.schema.production import production

HERE = Path(__file__).parent
CASES = int(os.environ.get("CASES", "300"))
CASES_PER_EXAMPLE = 6
"""At least so many, because each example is made for several operations, in the fuzzing and in the stateful phase."""
SEED = "20261125"
BRIEFLY = ("--phases=examples,fuzzing,stateful", "--max-examples=10")


@pytest.fixture(scope="module")
def site(engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("production")
    with postgresql() as database, production(folder, engine, database) as site:
        yield site


def run(site, key, *options):
    """The output of Schemathesis and the number of its requests. Fails if it found an error."""
    headers = {**THROUGH_THE_PROXY, **({"Authorization": f"Api-Key {key}"} if key else {})}
    command = [
        Path(sys.executable).with_name("st"),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run",
        site.document,
        f"--url={site.url}",
        "--checks=all",
        "--continue-on-failure",
        f"--seed={SEED}",
        "--generation-database=none",
        "--no-color",
        *(f"--header={name}: {value}" for name, value in headers.items()),
        *options,
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.schema.hooks", "PYTHONPATH": str(PROJECT)}
    # It stores files in its working directory.
    done = subprocess.run(
        command, cwd=site.document.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)  # noqa: T201 (to watch a long run)
    count = re.search(r"(\d+) generated", done.stdout)
    assert count, done.stdout
    return done.stdout, int(count[1])


def test_requests_of_a_read_write_key(site):
    phases = "--phases=examples,coverage,fuzzing,stateful"
    output, count = run(site, site.read_write_key, phases, f"--max-examples={max(1, CASES // CASES_PER_EXAMPLE)}")
    assert count >= CASES
    assert [phase for phase in ("Examples", "Coverage", "Fuzzing", "Stateful") if f"✅ {phase}" not in output] == []


def test_requests_of_a_read_only_key(site):
    run(site, site.read_only_key, *BRIEFLY)


def test_requests_without_a_key(site):
    run(site, None, *BRIEFLY)


def test_no_unexpected_error_was_logged(site):
    """Runs last. An error that a client cannot see counts too."""
    assert [line for line in site.log.read_text().splitlines() if re.search(r'"ERROR"|\[ERROR\]', line)] == []

"""`manage.py` in a second terminal reaches the engine of `make run`, despite exported variables."""

import json

import pytest

from local import environment
from tests.local.checkout import Checkout
from tests.local.machine import own_table

TABLE = "SecondTerminalOrders"

# Nothing listens there, so a call through this proxy fails at once.
NO_PROXY_HERE = "http://127.0.0.1:9"
OUTSIDE = {"HTTPS_PROXY": NO_PROXY_HERE, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "of my company"}

TERMINALS = {
    "a profile that does not exist": {"AWS_PROFILE": "foo"},
    "a proxy": {"HTTP_PROXY": NO_PROXY_HERE, "HTTPS_PROXY": NO_PROXY_HERE},
    "configured endpoints ignored": {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", **OUTSIDE},
    "an empty endpoint": {"AWS_ENDPOINT_URL_DYNAMODB": "", **OUTSIDE},
    "both endpoints empty": {"AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL": "", **OUTSIDE},
    "half of the credentials": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "x"},
    "no region": {"AWS_REGION": ""},
    "an unknown defaults mode": {"AWS_DEFAULTS_MODE": "fast"},
}


@pytest.fixture(scope="module")
def dynamodb(engine):
    with own_table(engine, TABLE) as client:
        yield client


@pytest.fixture(scope="module")
def running(engine, dynamodb, tmp_path_factory):
    """A checkout whose `make run` serves an engine with orders that are due."""
    checkout = Checkout(tmp_path_factory.mktemp("second") / "ordersite")
    (checkout.folder / ".local").mkdir()
    environment.write_file(checkout.folder / ".local" / "env", engine)
    (checkout.folder / ".env").write_text(f"ORDERS_TABLE={TABLE}\n")
    checkout.manage("create_orders_table", "--unprotected").check_returncode()
    checkout.manage("seed_orders", "--count", "60", "--seed", "1").check_returncode()
    return checkout


@pytest.fixture(scope="module")
def due(running):
    """The number of due orders that a terminal without exported variables finds."""
    found = json.loads(running.manage("expire_orders", "--dry-run", "--json").stdout)["examined"]
    assert found > 0
    return found


@pytest.mark.parametrize("variables", TERMINALS.values(), ids=TERMINALS.keys())
def test_a_command_reaches_the_engine_of_make_run_from_any_terminal(running, due, variables):
    done = running.manage("expire_orders", "--dry-run", "--json", **variables)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["examined"] == due


def test_a_broken_aws_file_is_not_read(running, due):
    (running.folder.parent / "home" / ".aws").mkdir(parents=True)
    (running.folder.parent / "home" / ".aws" / "config").write_text("[default\nignore_configured_endpoint_urls")

    done = running.manage("expire_orders", "--dry-run", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["examined"] == due


def test_a_command_writes_to_the_engine_of_make_run(running, dynamodb):
    before = len(_items(dynamodb))

    done = running.manage("seed_orders", "--count", "3", "--days", "1", **TERMINALS["an empty endpoint"])

    assert done.returncode == 0, done.stderr
    assert len(_items(dynamodb)) == before + 3


def test_an_engine_set_in_the_terminal_takes_precedence(running):
    done = running.manage("expire_orders", "--dry-run", AWS_ENDPOINT_URL=NO_PROXY_HERE)

    assert done.returncode == 1
    assert f'Could not connect to the endpoint URL: "{NO_PROXY_HERE}/"' in done.stderr


def _items(dynamodb):
    return dynamodb.scan(TableName=TABLE)["Items"]

"""How `make run` treats an existing table. Each test runs `python -m local.demo` on a real engine."""

import json
import subprocess
import sys

import pytest

from local import PROJECT, environment
from tests.local.machine import free_port, own_table

TABLE = "DemoOrders"
ORDER = {"order_id": {"S": "11111111-1111-4111-8111-111111111111"}, "item": {"S": "Teapot"}}
KEY = {"AttributeName": "order_id", "AttributeType": "S"}


@pytest.fixture
def dynamodb(engine):
    with own_table(engine, TABLE) as client:
        yield client


@pytest.fixture
def demo(engine, tmp_path):
    """Runs it, with `embedded` as for the engine that `make run` starts."""

    def run(*, embedded=False, **variables):
        unfinished = ["--unfinished", str(tmp_path / "unfinished")] if embedded else []
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", "ORDERS_TABLE": TABLE, **variables}
        return subprocess.run(
            [sys.executable, "-m", "local.demo", "--port", "1", *unfinished],
            cwd=PROJECT,
            env={**environment.for_app(engine), **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def make_table(dynamodb, *, key=KEY):
    """A table without the indexes, as in the previous system."""
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": key["AttributeName"], "KeyType": "HASH"}],
        AttributeDefinitions=[key],
        BillingMode="PAY_PER_REQUEST",
    )


def orders(dynamodb):
    return dynamodb.scan(TableName=TABLE)["Items"]


def table(dynamodb):
    """The description of the table without its counters, which are not up to date."""
    found = dynamodb.describe_table(TableName=TABLE)["Table"]
    return {name: value for name, value in found.items() if name not in ("ItemCount", "TableSizeBytes")}


def test_a_new_table_gets_demo_orders_and_an_existing_table_does_not(demo, dynamodb):
    assert demo().returncode == 0
    assert len(orders(dynamodb)) == 200
    assert not table(dynamodb).get("DeletionProtectionEnabled")

    for order in orders(dynamodb):
        dynamodb.delete_item(TableName=TABLE, Key={"order_id": order["order_id"]})
    before = table(dynamodb)
    done = demo()
    assert (done.returncode, json.loads(done.stdout)["login"]) == (0, True)
    assert orders(dynamodb) == []
    assert table(dynamodb) == before


def test_a_foreign_table_without_the_indexes_is_not_changed_and_the_message_names_them(demo, dynamodb):
    make_table(dynamodb)
    dynamodb.put_item(TableName=TABLE, Item=ORDER)
    before = table(dynamodb)

    done = demo()

    assert done.returncode == 1
    assert done.stderr == (
        f"Table {TABLE} exists and lacks the indexes by_created, by_customer, by_status. Nothing was changed. "
        "Add them: .venv/bin/python manage.py create_orders_table --unprotected\n"
    )
    assert (table(dynamodb), orders(dynamodb)) == (before, [ORDER])


def test_a_table_with_another_key_is_refused_with_a_one_line_message(demo, dynamodb):
    make_table(dynamodb, key={"AttributeName": "id", "AttributeType": "N"})
    done = demo()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "its key is id (N) and not order_id (S). Name another table in ORDERS_TABLE." in done.stderr


def test_the_message_about_an_engine_that_is_not_running_contains_its_address_and_a_remedy(demo):
    url = f"http://127.0.0.1:{free_port()}"
    done = demo(AWS_ENDPOINT_URL_DYNAMODB=url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f'Could not connect to the endpoint URL: "{url}/". Start it, or unset AWS_ENDPOINT_' in done.stderr


def test_an_interrupted_seeding_is_completed_by_the_next_run(demo, dynamodb, tmp_path):
    assert demo(embedded=True).returncode == 0
    seeded = {order["order_id"]["S"] for order in orders(dynamodb)}
    assert not (tmp_path / "unfinished").exists()

    # The state after a kill: some orders exist, and the file that marks the seeding as incomplete.
    (tmp_path / "unfinished").touch()
    for order_id in sorted(seeded)[:150]:
        dynamodb.delete_item(TableName=TABLE, Key={"order_id": {"S": order_id}})
    assert demo(embedded=True).returncode == 0
    assert {order["order_id"]["S"] for order in orders(dynamodb)} == seeded
    assert len(seeded) == 200


def test_the_table_of_the_embedded_engine_gets_missing_indexes_and_no_orders(demo, dynamodb):
    make_table(dynamodb)
    assert demo(embedded=True).returncode == 0
    assert len(table(dynamodb)["GlobalSecondaryIndexes"]) == 3
    assert orders(dynamodb) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgres://orders@127.0.0.1:9/orders", "The database in DATABASE_URL cannot be used ("),
        ("sqlite:////does/not/exist/db.sqlite3", "The database /does/not/exist/db.sqlite3 cannot be used ("),
        ("nonsense", "DATABASE_URL is "),
    ],
)
def test_the_message_names_a_database_that_cannot_be_used(demo, dynamodb, url, sentence):
    done = demo(DATABASE_URL=url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(sentence)

"""What `make run` does to the table that it finds. Each test is `python -m local.demo` on an engine of its own."""

import json
import subprocess
import sys

import boto3
import pytest

from local import PROJECT, engine, environment

ORDER = {"order_id": {"S": "11111111-1111-4111-8111-111111111111"}, "item": {"S": "Teapot"}}
KEY = {"AttributeName": "order_id", "AttributeType": "S"}


@pytest.fixture(scope="module")
def endpoint():
    with engine.in_memory() as endpoint:
        yield endpoint


@pytest.fixture
def dynamodb(endpoint):
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="ap-south-1", **keys)
    yield client
    for name in client.list_tables()["TableNames"]:
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)
    client.close()


@pytest.fixture
def demo(endpoint, tmp_path):
    """Runs it; `embedded` as for the engine that `make run` itself starts."""

    def run(*, embedded=False, **variables):
        unfinished = ["--unfinished", str(tmp_path / "unfinished")] if embedded else []
        database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", **variables}
        return subprocess.run(
            [sys.executable, "-m", "local.demo", "--port", "1", *unfinished],
            cwd=PROJECT,
            env={**environment.for_app(endpoint), **database},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def make_table(dynamodb, *, key=KEY):
    """A table of this name without our indexes, as the former system has it."""
    dynamodb.create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": key["AttributeName"], "KeyType": "HASH"}],
        AttributeDefinitions=[key],
        BillingMode="PAY_PER_REQUEST",
    )


def orders(dynamodb):
    return dynamodb.scan(TableName="Orders")["Items"]


def table(dynamodb):
    """What DynamoDB says of the table, its counters excepted, which lag behind."""
    found = dynamodb.describe_table(TableName="Orders")["Table"]
    return {name: value for name, value in found.items() if name not in ("ItemCount", "TableSizeBytes")}


def test_a_new_table_gets_demo_orders_and_an_existing_table_does_not(demo, dynamodb):
    assert demo().returncode == 0
    assert len(orders(dynamodb)) == 200
    assert not table(dynamodb).get("DeletionProtectionEnabled")

    for order in orders(dynamodb):
        dynamodb.delete_item(TableName="Orders", Key={"order_id": order["order_id"]})
    before = table(dynamodb)
    done = demo()
    assert (done.returncode, json.loads(done.stdout)["login"]) == (0, True)
    assert orders(dynamodb) == []
    assert table(dynamodb) == before


def test_a_foreign_table_that_lacks_indexes_is_not_changed_and_they_are_named(demo, dynamodb):
    make_table(dynamodb)
    dynamodb.put_item(TableName="Orders", Item=ORDER)
    before = table(dynamodb)

    done = demo()

    assert done.returncode == 1
    assert done.stderr == (
        "Table Orders exists and lacks the indexes by_created, by_customer, by_status. Nothing was changed. "
        "Add them: .venv/bin/python manage.py create_orders_table --unprotected\n"
    )
    assert (table(dynamodb), orders(dynamodb)) == (before, [ORDER])


def test_a_table_with_another_key_is_refused_in_a_sentence(demo, dynamodb):
    make_table(dynamodb, key={"AttributeName": "id", "AttributeType": "N"})
    done = demo()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "its key is id (N) and not order_id (S). Name another table in ORDERS_TABLE." in done.stderr


def test_a_seeding_that_was_killed_is_finished_the_next_time(demo, dynamodb, tmp_path):
    assert demo(embedded=True).returncode == 0
    seeded = {order["order_id"]["S"] for order in orders(dynamodb)}
    assert not (tmp_path / "unfinished").exists()

    # As a kill leaves it: some orders are there, and the note that not all are.
    (tmp_path / "unfinished").touch()
    for order_id in sorted(seeded)[:150]:
        dynamodb.delete_item(TableName="Orders", Key={"order_id": {"S": order_id}})
    assert demo(embedded=True).returncode == 0
    assert {order["order_id"]["S"] for order in orders(dynamodb)} == seeded
    assert len(seeded) == 200


def test_the_embedded_engines_table_gets_the_indexes_that_it_lacks_and_no_orders(demo, dynamodb):
    make_table(dynamodb)
    assert demo(embedded=True).returncode == 0
    assert len(table(dynamodb)["GlobalSecondaryIndexes"]) == 3
    assert orders(dynamodb) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgres://orders@127.0.0.1:9/orders", "The database that DATABASE_URL names cannot be used ("),
        ("sqlite:////does/not/exist/db.sqlite3", "The database /does/not/exist/db.sqlite3 cannot be used ("),
        ("nonsense", "DATABASE_URL is "),
    ],
)
def test_a_database_that_cannot_be_used_is_named_in_a_sentence(demo, dynamodb, url, sentence):
    done = demo(DATABASE_URL=url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(sentence)

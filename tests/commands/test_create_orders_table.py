import re

import pytest
from django.core.management import CommandError

from orders import listing, table
from orders.dynamodb import connection
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.fault_proxy import Reply, opened, reading, refused
from tests.contract.order_helpers import crowd, ids, other_engine, other_table

KEY = [{"AttributeName": "order_id", "KeyType": "HASH"}]
NO_RECOVERY = "Point-in-time recovery is not supported by this engine; skipped.\n"


@pytest.fixture
def elsewhere(engine, request):
    """The table of this test alone, not there yet."""
    name = re.sub(r"\W", "_", request.node.name)
    with other_table(name):
        yield name


def client():
    return connection().connection.client


def described(name):
    return client().describe_table(TableName=name)["Table"]


def indexes(name):
    return {index["IndexName"]: index for index in described(name).get("GlobalSecondaryIndexes", [])}


def make(name, *, keys=KEY, types=None):
    types = types or {key["AttributeName"]: "S" for key in keys}
    client().create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
        BillingMode="PAY_PER_REQUEST",
    )


def test_the_table_is_made_with_its_indexes_and_is_paid_per_request(elsewhere, run):
    output = run("create_orders_table")

    assert output == (
        f"Created table {elsewhere} with its indexes, paid per request.\n"
        f"{NO_RECOVERY}Deletion protection is on.\nThe table is ready.\n"
    )
    made = described(elsewhere)
    assert made["KeySchema"] == KEY
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"] is True
    shape = {
        name: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"]["ProjectionType"])
        for name, index in indexes(elsewhere).items()
    }
    assert shape == {
        "by_status": (["status_key", "created_key"], "ALL"),
        "by_created": (["listing_key", "created_key"], "ALL"),
        "by_customer": (["customer_key", "created_key"], "KEYS_ONLY"),
    }
    client().update_table(TableName=elsewhere, DeletionProtectionEnabled=False)


def test_a_repeat_changes_nothing_and_says_so(elsewhere, run):
    run("create_orders_table")
    orders = crowd(3)
    before = described(elsewhere)

    output = run("create_orders_table")

    assert output == f"{NO_RECOVERY}Deletion protection is on.\nThe table is already complete.\n"
    after = described(elsewhere)
    assert (after["CreationDateTime"], set(indexes(elsewhere))) == (
        before["CreationDateTime"],
        {"by_status", "by_created", "by_customer"},
    )
    assert ids(listing.page(Filters(), limit=5).orders) == ids(orders)


def test_protection_is_left_as_it_is_where_that_is_asked_for(elsewhere, run):
    output = run("create_orders_table", "--unprotected")
    assert output == f"Created table {elsewhere} with its indexes, paid per request.\nThe table is ready.\n"
    assert not described(elsewhere).get("DeletionProtectionEnabled")


def test_missing_indexes_are_added_and_show_the_orders_that_are_there(elsewhere, run):
    make(elsewhere)
    orders = crowd(3, customer_email="ann@example.com")

    output = run("create_orders_table", "--unprotected")

    assert "Created" not in output
    added = [line for line in output.splitlines() if line.startswith("Added index")]
    assert sorted(added) == ["Added index by_created.", "Added index by_customer.", "Added index by_status."]
    for filters in (Filters(), Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")):
        assert ids(listing.page(filters, limit=5).orders) == ids(orders)


def test_the_one_index_that_is_missing_is_added(elsewhere, run):
    run("create_orders_table", "--unprotected")
    client().update_table(TableName=elsewhere, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_customer"}}])

    output = run("create_orders_table", "--unprotected")

    assert output == "Added index by_customer.\nThe table is ready.\n"
    assert set(indexes(elsewhere)) == {"by_status", "by_created", "by_customer"}


@pytest.mark.parametrize(
    ("keys", "types", "found"),
    [
        ([{"AttributeName": "id", "KeyType": "HASH"}], {"id": "S"}, "id (S)"),
        (KEY, {"order_id": "N"}, "order_id (N)"),
        (
            [*KEY, {"AttributeName": "created_at", "KeyType": "RANGE"}],
            {"order_id": "S", "created_at": "S"},
            "order_id (S), created_at (S)",
        ),
    ],
    ids=["name", "type", "range"],
)
def test_a_table_of_another_key_is_refused_in_a_sentence_and_left_alone(elsewhere, run, keys, types, found):
    make(elsewhere, keys=keys, types=types)
    before = described(elsewhere)

    with pytest.raises(CommandError) as refusal:
        run("create_orders_table")

    assert str(refusal.value) == (
        f"Table {elsewhere} exists, but its key is {found} and not order_id (S). Name another table in ORDERS_TABLE."
    )
    assert described(elsewhere) == before


def test_it_waits_until_the_table_and_its_indexes_are_active(engine, elsewhere, run, monkeypatch):
    monkeypatch.setattr(table, "POLL_SECONDS", 0.01)
    with opened(engine) as way, other_engine(way.endpoint):
        making = reading(b'"TableStatus":"ACTIVE"', b'"TableStatus":"CREATING"')
        building = reading(b'"IndexStatus":"ACTIVE"', b'"IndexStatus":"CREATING"')
        # Not there yet when it looks first, and not to be found for a moment after it was made.
        gone = refused(400, "ResourceNotFoundException")
        way.change("DescribeTable", gone, gone, gone, making, making, making, making, building, building)
        output = run("create_orders_table", "--unprotected")
        assert way.changes["DescribeTable"] == []
    assert output.endswith("The table is ready.\n")


def test_it_gives_up_on_a_table_that_does_not_become_active_with_a_sentence(engine, elsewhere, run, monkeypatch):
    monkeypatch.setattr(table, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(table, "WAIT_SECONDS", 0.2)
    run("create_orders_table", "--unprotected")

    def never_active(reply: Reply) -> Reply:
        return reading(b'"TableStatus":"ACTIVE"', b'"TableStatus":"UPDATING"')(reply)

    with opened(engine) as way, other_engine(way.endpoint):
        way.change("DescribeTable", *[never_active] * 1_000)
        with pytest.raises(CommandError, match=f"{elsewhere} is not ACTIVE after 0 s. Run this again"):
            run("create_orders_table")


def test_an_operator_makes_the_table_that_the_environment_names(engine, manage, finished):
    ((status, output, errors),) = finished(manage("create_orders_table", ORDERS_TABLE="MadeByAnOperator"))
    assert (status, errors) == (0, "")
    assert output.startswith("Created table MadeByAnOperator with its indexes")
    assert NO_RECOVERY in output
    with other_table("MadeByAnOperator"):
        assert set(indexes("MadeByAnOperator")) == {"by_status", "by_created", "by_customer"}


def test_a_dynamodb_that_cannot_be_reached_is_said_in_a_sentence(run, engine):
    nowhere = "http://127.0.0.1:9"
    with other_engine(nowhere), pytest.raises(CommandError, match="DynamoDB is not responding: ") as refusal:
        run("create_orders_table")
    assert nowhere in str(refusal.value)
    assert "\n" not in str(refusal.value)

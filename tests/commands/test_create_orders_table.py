import re

import pytest
from django.core.management import CommandError

from orders import listing, table
from orders.dynamodb import connection
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.fault_proxy import Reply, aws_error, fault_proxy, replacing
from tests.contract.order_helpers import ids, other_engine, other_table, place_many

KEY = [{"AttributeName": "order_id", "KeyType": "HASH"}]
NO_RECOVERY = "Point-in-time recovery is not supported by this engine; skipped.\n"


@pytest.fixture
def elsewhere(engine, request):
    """The name of a table for this test, which does not exist yet."""
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


def test_the_table_is_created_with_its_indexes_and_billed_per_request(elsewhere, run):
    output = run("create_orders_table")

    assert output == (
        f"Created table {elsewhere} with its indexes, paid per request.\n"
        f"{NO_RECOVERY}Deletion protection is on.\nThe table is ready.\n"
    )
    created = described(elsewhere)
    assert created["KeySchema"] == KEY
    assert created["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert created["DeletionProtectionEnabled"] is True
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


def test_a_second_run_changes_nothing_and_reports_that_the_table_is_complete(elsewhere, run):
    run("create_orders_table")
    orders = place_many(3)
    before = described(elsewhere)

    output = run("create_orders_table")

    assert output == f"{NO_RECOVERY}Deletion protection is on.\nThe table is already complete.\n"
    after = described(elsewhere)
    assert (after["CreationDateTime"], set(indexes(elsewhere))) == (
        before["CreationDateTime"],
        {"by_status", "by_created", "by_customer"},
    )
    assert ids(listing.page(Filters(), limit=5).orders) == ids(orders)


def test_the_option_unprotected_does_not_change_the_protection(elsewhere, run):
    output = run("create_orders_table", "--unprotected")
    assert output == f"Created table {elsewhere} with its indexes, paid per request.\nThe table is ready.\n"
    assert not described(elsewhere).get("DeletionProtectionEnabled")


def test_missing_indexes_are_added_and_contain_the_existing_orders(elsewhere, run):
    make(elsewhere)
    orders = place_many(3, customer_email="ann@example.com")

    output = run("create_orders_table", "--unprotected")

    assert "Created" not in output
    added = [line for line in output.splitlines() if line.startswith("Added index")]
    assert sorted(added) == ["Added index by_created.", "Added index by_customer.", "Added index by_status."]
    for filters in (Filters(), Filters(status=Status.PENDING), Filters(customer_email="ann@example.com")):
        assert ids(listing.page(filters, limit=5).orders) == ids(orders)


def test_a_single_missing_index_is_added(elsewhere, run):
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
def test_a_table_with_another_key_is_refused_and_not_changed(elsewhere, run, keys, types, found):
    make(elsewhere, keys=keys, types=types)
    before = described(elsewhere)

    with pytest.raises(CommandError) as refusal:
        run("create_orders_table")

    assert str(refusal.value) == (
        f"Table {elsewhere} exists, but its key is {found} and not order_id (S). Name another table in ORDERS_TABLE."
    )
    assert described(elsewhere) == before


def test_the_command_waits_until_the_table_and_its_indexes_are_active(engine, elsewhere, run, monkeypatch):
    monkeypatch.setattr(table, "POLL_SECONDS", 0.01)
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        creating = replacing(b'"TableStatus":"ACTIVE"', b'"TableStatus":"CREATING"')
        building = replacing(b'"IndexStatus":"ACTIVE"', b'"IndexStatus":"CREATING"')
        # The table does not exist at first, and DynamoDB does not find it right after its creation.
        missing = aws_error(400, "ResourceNotFoundException")
        proxy.change("DescribeTable", *[missing] * 3, *[creating] * 4, *[building] * 2)
        output = run("create_orders_table", "--unprotected")
        assert proxy.changes["DescribeTable"] == []
    assert output.endswith("The table is ready.\n")


def test_the_command_fails_if_the_table_does_not_become_active_in_time(engine, elsewhere, run, monkeypatch):
    monkeypatch.setattr(table, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(table, "WAIT_SECONDS", 0.2)
    run("create_orders_table", "--unprotected")

    def never_active(reply: Reply) -> Reply:
        return replacing(b'"TableStatus":"ACTIVE"', b'"TableStatus":"UPDATING"')(reply)

    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.change("DescribeTable", *[never_active] * 1_000)
        with pytest.raises(CommandError, match=f"{elsewhere} is not ACTIVE after 0 s. Run this again"):
            run("create_orders_table")


def test_the_command_creates_the_table_named_in_the_environment(engine, manage, finished):
    ((status, output, errors),) = finished(manage("create_orders_table", ORDERS_TABLE="MadeByAnOperator"))
    assert (status, errors) == (0, "")
    assert output.startswith("Created table MadeByAnOperator with its indexes")
    assert NO_RECOVERY in output
    with other_table("MadeByAnOperator"):
        assert set(indexes("MadeByAnOperator")) == {"by_status", "by_created", "by_customer"}


def test_an_unreachable_dynamodb_is_reported_in_one_line(run, engine):
    nowhere = "http://127.0.0.1:9"
    with other_engine(nowhere), pytest.raises(CommandError, match="DynamoDB is not responding: ") as refusal:
        run("create_orders_table")
    assert nowhere in str(refusal.value)
    assert "\n" not in str(refusal.value)

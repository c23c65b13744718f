"""The stages in zappa_settings.json and their policies."""

import json

import pytest

from deploy.stage import UnknownStageError, read_stage
from tests.deploy.deployment import Shop
from tests.deploy.servers import ACCOUNT, PROJECT

ACTIONS = {"by_status", "by_created", "by_customer"}


def stage(name):
    return read_stage(name, account=ACCOUNT)


def test_production_matches_the_former_system():
    prod = stage("prod")
    assert (prod.region, prod.name, prod.orders_table, prod.schedule) == (
        "ap-south-1",
        "prod",
        "Orders",
        "rate(1 hour)",
    )
    assert prod.config["timeout_seconds"] <= 28


def test_staging_differs_from_production_only_in_the_table_and_the_log_retention():
    prod, staging = stage("prod").config, stage("staging").config
    assert {name for name in staging if staging[name] != prod.get(name)} == {
        "extends",
        "orders_table",
        "log_retention_days",
    }
    assert stage("staging").environment["SSM_PARAMETER"] == "/ordersite/staging"
    assert stage("staging").environment["STATIC_URL"] == "/staging/static/"


def test_an_unknown_stage_is_refused_with_the_known_ones():
    with pytest.raises(UnknownStageError, match=r"zappa_settings\.json has no stage 'live', only prod, staging\."):
        stage("live")


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_the_policy_of_a_stage_allows_nothing_in_another_stage(name):
    policy = json.loads(stage(name).fill((PROJECT / "deploy" / "policy.json").read_text()))
    resources = [statement["Resource"] for statement in policy["Statement"]]
    for resource in [one for group in resources for one in (group if isinstance(group, list) else [group])]:
        assert ACCOUNT in resource
        assert "$" not in resource
        assert resource.count("*") <= 1
        assert not resource.endswith("/*")
        assert ("staging" in resource) == (name == "staging")


def test_the_rule_names_are_valid_for_eventbridge_and_zappa():
    for name in ("prod", "staging"):
        rule = stage(name).rule
        assert len(rule) <= 64
        assert rule.rpartition("-")[2] == "orders.schedule.expire_orders"


def test_two_stages_share_no_orders_keys_or_settings(staging, shop, checkout):
    staging_order, prod_order = (place(client) for client in (staging, shop))
    assert (staging.status_of(staging_order), shop.status_of(prod_order)) == ("PENDING", "PENDING")
    for client, other_order in ((staging, prod_order), (shop, staging_order)):
        assert client.send("GET", f"/orders/{other_order}").json()["code"] == "order_not_found"
    assert Shop(staging.gateway, shop.key, "staging").send("GET", "/orders").json()["code"] == "invalid_api_key"
    logs = checkout.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/ordersite-staging")
    assert [group["retentionInDays"] for group in logs["logGroups"]] == [7]


def place(client):
    placed = client.send("POST", "/orders", {"item": "Teapot", "quantity": 1})
    order_id = placed.json()["order_id"]
    assert placed.headers["Location"].endswith(f"/{client.stage}/orders/{order_id}")
    return order_id

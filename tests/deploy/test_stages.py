"""zappa_settings.json and the policies, as they stand in the project."""

import json

import pytest

from deploy.stage import UnknownStageError, read_stage
from tests.deploy.machine import ACCOUNT, PROJECT
from tests.deploy.site import Shop

ACTIONS = {"by_status", "by_created", "by_customer"}


def stage(name):
    return read_stage(name, account=ACCOUNT)


def test_production_is_as_the_former_system_was():
    prod = stage("prod")
    assert (prod.region, prod.name, prod.orders_table, prod.schedule) == (
        "ap-south-1",
        "prod",
        "Orders",
        "rate(1 hour)",
    )
    assert prod.config["timeout_seconds"] <= 28


def test_staging_differs_only_where_it_must():
    prod, staging = stage("prod").config, stage("staging").config
    assert {name for name in staging if staging[name] != prod.get(name)} == {
        "extends",
        "orders_table",
        "log_retention_days",
    }
    assert stage("staging").environment["SSM_PARAMETER"] == "/ordersite/staging"
    assert stage("staging").environment["STATIC_URL"] == "/staging/static/"


def test_a_stage_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        UnknownStageError, match=r"There is no stage 'live' in zappa_settings.json, only prod, staging\."
    ):
        stage("live")


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_the_policy_of_a_stage_is_about_that_stage_alone(name):
    policy = json.loads(stage(name).fill((PROJECT / "deploy" / "policy.json").read_text()))
    resources = [statement["Resource"] for statement in policy["Statement"]]
    for resource in [one for group in resources for one in (group if isinstance(group, list) else [group])]:
        assert ACCOUNT in resource
        assert "$" not in resource
        assert resource.count("*") <= 1
        assert not resource.endswith("/*")
        assert ("staging" in resource) == (name == "staging")


def test_a_rule_of_either_stage_has_a_name_that_eventbridge_takes_and_zappa_finds():
    for name in ("prod", "staging"):
        rule = stage(name).rule
        assert len(rule) <= 64
        assert rule.rpartition("-")[2] == "orders.schedule.expire_orders"


def test_a_second_stage_stands_beside_the_first_and_knows_nothing_of_it(staging, shop, checkout):
    here, there = (place(one) for one in (staging, shop))
    assert (staging.status_of(here), shop.status_of(there)) == ("PENDING", "PENDING")
    for one, foreign in ((staging, there), (shop, here)):
        assert one.send("GET", f"/orders/{foreign}").json()["code"] == "order_not_found"
    assert Shop(staging.gateway, shop.key, "staging").send("GET", "/orders").json()["code"] == "invalid_api_key"
    logs = checkout.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/ordersite-staging")
    assert [group["retentionInDays"] for group in logs["logGroups"]] == [7]


def place(one):
    placed = one.send("POST", "/orders", {"item": "Teapot", "quantity": 1})
    order_id = placed.json()["order_id"]
    assert placed.headers["Location"].endswith(f"/{one.stage}/orders/{order_id}")
    return order_id

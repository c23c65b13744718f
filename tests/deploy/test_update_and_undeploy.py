"""`make update` and `make undeploy`. This file comes last, because it removes the stage that the other tests use."""

import threading
import time

from tests.deploy.deployment import FUNCTION, RULE, TABLE, Shop
from tests.deploy.servers import ACCOUNT


def test_an_update_deploys_new_code_without_losing_orders(shop, checkout):
    (checkout.folder / "ordersite" / "__init__.py").write_text('__version__ = "1.1.0"\n')
    before = checkout.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    role = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/gateway-logs"}]
    checkout.aws.client("apigateway").update_account(patchOperations=role)
    with Customers(shop) as customers:
        done = checkout.make_target("update")
    assert done.returncode == 0, done.stdout + done.stderr
    # The step that failed without the role now succeeds.
    assert "NOT DONE" not in done.stdout
    stage = checkout.aws.client("apigateway").get_stage(restApiId=shop.gateway.api_id, stageName="prod")
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:/aws/apigateway/{FUNCTION}")
    limits = stage["methodSettings"]["*/*"]
    assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (100, 200)
    assert shop.send("GET", "/schema").json()["info"]["version"] == "1.1.0"
    assert len(customers.placed) > 5
    assert [order_id for order_id in customers.placed if shop.status_of(order_id) != "PENDING"] == []
    after = checkout.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["DeadLetterConfig"] == before["DeadLetterConfig"]
    assert checkout.aws.client("events").describe_rule(Name=RULE)["ScheduleExpression"] == "rate(1 hour)"


class Customers:
    """Places orders one after the other and records those that were accepted."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.placed, self.done = shop, [], threading.Event()
        self.thread = threading.Thread(target=self._place)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()

    def _place(self):
        while not self.done.is_set():
            reply = self.shop.send("POST", "/orders", {"item": "Teapot", "quantity": 1})
            if reply.status == 201:
                self.placed.append(reply.json()["order_id"])
            time.sleep(0.5)


def test_undeploying_does_not_remove_the_table_or_the_other_stage(shop, staging, checkout):
    dynamodb = checkout.aws.client("dynamodb")
    before = dynamodb.scan(TableName=TABLE, Select="COUNT")["Count"]
    unconfirmed = checkout.make_target("undeploy")
    assert unconfirmed.returncode != 0
    assert f"Nothing was removed. To remove the stage, enter {FUNCTION} or set CONFIRM=prod." in unconfirmed.stderr
    assert shop.send("GET", "/lifecycle").status == 200
    done = checkout.make_target("undeploy", "CONFIRM=prod")
    assert done.returncode == 0, done.stdout + done.stderr
    assert before > 0
    assert dynamodb.scan(TableName=TABLE, Select="COUNT")["Count"] == before
    assert present(checkout.aws) == {"ordersite-staging"}
    assert staging.send("GET", "/healthz").status == 200
    assert f"Table {TABLE} and its orders, the logs and PostgreSQL were not changed." in done.stdout
    assert "NOT REMOVED" not in done.stdout


def present(aws):
    """The stages that still have a resource which undeploying removes."""
    names = [
        *(api["name"] for api in aws.client("apigateway").get_rest_apis()["items"]),
        *(function["FunctionName"] for function in aws.client("lambda").list_functions()["Functions"]),
        *(alarm["AlarmName"] for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *(rule["Name"] for rule in aws.client("events").list_rules()["Rules"]),
        *(url.rpartition("/")[2] for url in aws.client("sqs").list_queues().get("QueueUrls", [])),
        *(role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]),
        *(stack["StackName"] for stack in live_stacks(aws)),
    ]
    ours = [name for name in names if name.startswith("ordersite-")]
    return {"-".join(name.split("-")[:2]) for name in ours}


def live_stacks(aws):
    stacks = aws.client("cloudformation").list_stacks()["StackSummaries"]
    return [stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]

"""`make deploy`, an hour in the life of the site, `make update`, `make undeploy`: in this order, on one stage."""

import gzip
import json
import re
import threading
import time

import pytest

from tests.deploy.machine import ACCOUNT, REGION, wait_until
from tests.deploy.mix import request_mix
from tests.deploy.site import FUNCTION, RULE, TABLE, Shop

# AWS itself does these in the function's name; its code never calls them.
BY_AWS = {
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "lambda:InvokeFunction",
    "sqs:SendMessage",
}
TICK_PATIENCE = 150


def status_of(shop, order_id):
    return shop.send("GET", f"/orders/{order_id}").json()["status"]


def log_lines(checkout):
    events = (
        checkout.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{FUNCTION}")
    )
    messages = [event["message"].strip() for page in events for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def invoke(checkout, event):
    reply = checkout.aws.client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    return reply.get("FunctionError"), reply["Payload"].read().decode()


def test_a_deploy_without_the_parameter_is_refused_by_name(refused):
    assert "FAIL  secrets: The SSM parameter /ordersite/prod does not exist in ap-south-1." in refused
    assert "FAIL  PostgreSQL: The SSM parameter /ordersite/prod does not exist" in refused
    assert "Calling deploy" not in refused


def test_a_deploy_ends_with_what_the_operator_needs_to_know(deployed, gateway):
    for line in (
        f"API endpoint:      https://{gateway.host}/prod/orders",
        f"Function name:     {FUNCTION}",
        f"Table name:        {TABLE}",
        f"Rule and schedule: {RULE}, rate(1 hour)",
        f"Dashboard URL:     https://{gateway.host}/prod/dashboard/",
    ):
        assert line in deployed
    assert "FAIL " not in deployed


def test_the_rule_calls_the_function_each_hour(aged, checkout):
    assert (aged.rule["ScheduleExpression"], aged.rule["State"]) == ("rate(1 hour)", "ENABLED")
    (target,) = checkout.aws.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
    assert target["Arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"


def test_what_zappa_does_not_set_is_set(deployed, checkout):
    aws = checkout.aws
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"/aws/lambda/{FUNCTION}": 30,
        f"/aws/apigateway/{FUNCTION}": 30,
    }
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    kinds = {"errors", "throttles", "dead-letters", "no-sweep"}
    assert {alarm["AlarmName"] for alarm in alarms} == {f"{FUNCTION}-{kind}" for kind in kinds}
    configuration = aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    assert configuration["DeadLetterConfig"]["TargetArn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{FUNCTION}-dead-letters"
    assert configuration["Timeout"] <= 28
    table = aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {
        "by_status",
        "by_created",
        "by_customer",
    }
    assert table["DeletionProtectionEnabled"]
    # What this account cannot do is said, and the rest is done all the same.
    assert "NOT DONE: access logs: API Gateway has no role in this account" in deployed
    assert deployed.count("NOT DONE") == 1


def test_no_secret_is_in_the_functions_environment(deployed, checkout):
    configuration = checkout.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    variables = configuration["Environment"]["Variables"]
    assert variables["SSM_PARAMETER"] == "/ordersite/prod"
    assert not {"SECRET_KEY", "DATABASE_URL", "ADMIN_PASSWORD"} & variables.keys()


def test_the_five_endpoints_answer_through_the_gateway(shop):
    request_mix(shop)


def test_every_address_carries_the_stage(gateway, shop):
    assert gateway.ask("GET", "/prod/").headers["Location"] == "/prod/dashboard/"
    assert gateway.ask("GET", "/prod/dashboard/").headers["Location"] == "/prod/admin/login/?next=/prod/dashboard/"
    placed, _ = (shop.send("POST", "/orders", {"item": "Teapot", "quantity": 1}) for _ in range(2))
    order_id = placed.json()["order_id"]
    assert placed.headers["Location"].endswith(f"/prod/orders/{order_id}")
    page = shop.send("GET", "/orders?limit=1").json()
    assert f"{gateway.host}/prod/orders?" in page["next"]
    login = gateway.ask("GET", "/prod/admin/login/").text
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', login)
    assert addresses
    assert [address for address in addresses if not address.startswith("/prod/")] == []


def test_a_member_of_staff_signs_in_and_moves_an_order(shop, browser):
    order = shop.send("POST", "/orders", {"item": "Desk lamp", "quantity": 1}).json()
    entered = browser.sign_in()
    assert (entered.status, entered.headers["Location"]) == (302, "/prod/dashboard/")
    listed = browser.get("/prod/dashboard/")
    assert order["order_id"] in listed.text
    address = f"/prod/dashboard/orders/{order['order_id']}/"
    detail = browser.get(address)
    moved = browser.post(f"{address}status/", detail, to="PROCESSING", version=str(order["version"]))
    assert (moved.status, moved.headers["Location"]) == (302, address)
    after = shop.send("GET", f"/orders/{order['order_id']}").json()
    assert (after["status"], after["history"][-1]["by"]) == ("PROCESSING", "staff:admin")


def test_a_session_cookie_is_for_https_alone(browser):
    entered = browser.sign_in()
    (session,) = {line for line in entered.headers.get_all("Set-Cookie") if line.startswith("sessionid=")}
    assert "Secure" in session
    assert "HttpOnly" in session


def test_a_form_from_another_site_is_refused(gateway, browser):
    browser.get("/prod/admin/login/")
    cookies = f"csrftoken={browser.cookies['csrftoken']}"
    headers = {"Cookie": cookies, "Origin": "https://evil.example", "Content_Type": "application/x-www-form-urlencoded"}
    body = f"csrfmiddlewaretoken={browser.cookies['csrftoken']}&username=admin".encode()
    assert gateway.ask("POST", "/prod/admin/login/", body, **headers).status == 403


def test_static_files_come_byte_for_byte_under_names_that_last(gateway, checkout):
    gathered = checkout.folder / "staticfiles"
    names = json.loads((gathered / "staticfiles.json").read_text())["paths"]
    samples = [next(name for name in names if name.endswith(ending)) for ending in (".css", ".js", ".woff2", ".svg")]
    for sample in samples:
        reply = gateway.ask("GET", f"/prod/static/{names[sample]}")
        assert reply.status == 200, sample
        assert reply.body == (gathered / names[sample]).read_bytes(), sample
        assert "immutable" in reply.headers["Cache-Control"]


def test_static_files_are_compressed_for_who_can_read_that(gateway, checkout):
    names = json.loads((checkout.folder / "staticfiles" / "staticfiles.json").read_text())["paths"]
    plain = (checkout.folder / "staticfiles" / names["unfold/css/styles.css"]).read_bytes()
    reply = gateway.ask("GET", f"/prod/static/{names['unfold/css/styles.css']}", Accept_Encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.body) < len(plain) / 3
    assert gzip.decompress(reply.body) == plain


def test_a_body_of_five_megabytes_is_refused_in_words(shop):
    reply = shop.send("POST", "/orders", {"item": "x" * 5_000_000, "quantity": 1})
    assert (reply.status, reply.json()["code"]) == (413, "body_too_large")


def test_log_lines_say_which_request_and_which_start_they_belong_to(shop, checkout):
    asked = "6f1c7f0e-2f0a-4c61-9d1e-0f3b7c1a2b3d"
    reply = shop.send("GET", "/orders/unknown", X_Request_Id=asked)
    assert (reply.status, reply.headers["X-Request-Id"]) == (404, asked)
    wait_until(lambda: any(line.get("request_id") == asked for line in log_lines(checkout)), what="a log line")
    lines = log_lines(checkout)
    line = next(line for line in lines if line.get("request_id") == asked)
    assert line["function"] == FUNCTION
    assert line["lambda_request_id"]
    assert {line["cold_start"] for line in lines if "cold_start" in line} == {True, False}


def test_a_call_outside_the_policy_is_refused(deployed, checkout):
    for call in ("scan(TableName='Orders')", "delete_table(TableName='Orders')", "list_tables()"):
        error, text = invoke(checkout, {"raw_command": f"import boto3; boto3.client('dynamodb').{call}"})
        assert error
        assert "AccessDenied" in text, text


def test_a_tick_of_the_rule_expires_what_is_too_old_and_nothing_else(aged, shop, checkout):
    old = aged.sixty_one_hours
    wait_until(lambda: status_of(shop, old) == "EXPIRED", what="the tick of the rule", patience=TICK_PATIENCE)
    assert status_of(shop, aged.fifty_nine_hours) == "PENDING"
    expired = shop.send("GET", f"/orders/{old}").json()
    assert expired["history"][-1] == {
        "status": "EXPIRED",
        "at": expired["expired_at"],
        "by": "system:expire_orders",
    }
    wait_until(lambda: any("sweep" in line for line in log_lines(checkout)), what="the summary's line")
    sweeps = [line["sweep"] for line in log_lines(checkout) if "sweep" in line]
    assert sum(sweep["expired"] for sweep in sweeps) == 1
    assert sum(sweep["failed"] for sweep in sweeps) == 0


def test_a_sweep_that_fails_is_an_error_that_lambda_sees(deployed, checkout):
    """An event of the rule, to a function whose table is gone: so that retries, dead letters and the alarm see it."""
    event = {"detail-type": "Scheduled Event", "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{RULE}"]}
    with other_table(checkout, "NotThere"):
        error, text = invoke(checkout, event)
    assert error
    assert "The sweep failed" in text


class other_table:  # noqa: N801 (a context manager)
    def __init__(self, checkout, name):
        self.functions, self.name = checkout.aws.client("lambda"), name

    def __enter__(self):
        configuration = self.functions.get_function_configuration(FunctionName=FUNCTION)
        self.variables = configuration["Environment"]["Variables"]
        self._set({**self.variables, "ORDERS_TABLE": self.name})

    def __exit__(self, *error):
        self._set(self.variables)

    def _set(self, variables):
        self.functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})


def test_the_policy_grants_what_the_code_does_and_nothing_more(shop, browser, checkout):
    """Both ways, over all that the tests above have made the function do."""
    browser.sign_in()
    order = shop.send("POST", "/orders", {"item": "x", "quantity": 1, "customer_email": "ann@example.com"}).json()
    shop.send("GET", "/orders?customer_email=ann@example.com")
    shop.send("DELETE", f"/orders/{order['order_id']}")
    asked = checkout.aws.asked_by_roles()
    done = {(call["action"], call["resource"]) for call in asked if call["allowed"]}
    policy = checkout.aws.client("iam").get_role_policy(
        RoleName=f"{FUNCTION}-ZappaLambdaExecutionRole", PolicyName="zappa-permissions"
    )["PolicyDocument"]
    granted = {
        (action, resource)
        for statement in policy["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if action not in BY_AWS
    }
    assert {resource for _, resource in granted if resource == "*"} == set()
    assert granted == done


def as_list(value):
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("action", sorted(BY_AWS))
def test_the_policy_lets_aws_do_its_part(deployed, checkout, action):
    own = {
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{FUNCTION}:log-stream:x",
        "lambda": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}",
        "sqs": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{FUNCTION}-dead-letters",
    }
    assert decision(checkout, action, own[action.partition(":")[0]]) == "allowed"
    assert decision(checkout, action, own[action.partition(":")[0]].replace("ordersite", "another")) != "allowed"


def decision(checkout, action, resource):
    (result,) = checkout.aws.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{FUNCTION}-ZappaLambdaExecutionRole",
        ActionNames=[action],
        ResourceArns=[resource],
    )["EvaluationResults"]
    return result["EvalDecision"]


def test_dynamodb_local_behind_the_function_answers_the_same(shop, checkout, engine):
    elsewhere = {"AWS_ENDPOINT_URL_DYNAMODB": engine}
    made = checkout.run(
        checkout.folder / ".local/deploy/venv/bin/python",
        "manage.py",
        "create_orders_table",
        SECRET_KEY="none",
        ORDERS_TABLE=TABLE,
        **elsewhere,
    )
    assert made.returncode == 0, made.stderr
    functions = checkout.aws.client("lambda")
    variables = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables | elsewhere})
    try:
        request_mix(shop)
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})


def test_an_update_shows_and_loses_no_order(shop, checkout):
    settings = checkout.folder / "ordersite" / "settings.py"
    settings.write_text(settings.read_text().replace('"VERSION": "1.0.0"', '"VERSION": "1.1.0"'))
    before = checkout.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    role = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/gateway-logs"}]
    checkout.aws.client("apigateway").update_account(patchOperations=role)
    with Customers(shop) as customers:
        done = checkout.make_target("update")
    assert done.returncode == 0, done.stdout + done.stderr
    # Given the role that it missed, the hook does what it could not do before, and the rest once more.
    assert "NOT DONE" not in done.stdout
    stage = checkout.aws.client("apigateway").get_stage(restApiId=shop.gateway.api_id, stageName="prod")
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:/aws/apigateway/{FUNCTION}")
    limits = stage["methodSettings"]["*/*"]
    assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (100, 200)
    assert shop.send("GET", "/schema").json()["info"]["version"] == "1.1.0"
    assert len(customers.placed) > 5
    assert [order_id for order_id in customers.placed if status_of(shop, order_id) != "PENDING"] == []
    after = checkout.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["DeadLetterConfig"] == before["DeadLetterConfig"]
    assert checkout.aws.client("events").describe_rule(Name=RULE)["ScheduleExpression"] == "rate(1 hour)"


class Customers:
    """They place orders, one after the other, and note those that they were promised."""

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


def test_undeploying_leaves_the_table_and_its_orders(shop, checkout):
    dynamodb = checkout.aws.client("dynamodb")
    before = dynamodb.scan(TableName=TABLE, Select="COUNT")["Count"]
    done = checkout.make_target("undeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert before > 0
    assert dynamodb.scan(TableName=TABLE, Select="COUNT")["Count"] == before
    assert checkout.aws.client("apigateway").get_rest_apis()["items"] == []
    assert checkout.aws.client("lambda").list_functions()["Functions"] == []
    assert checkout.aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert RULE not in [rule["Name"] for rule in checkout.aws.client("events").list_rules()["Rules"]]
    assert f"Table {TABLE} and its orders are untouched" in done.stdout
    assert "NOT REMOVED" not in done.stdout

"""Scheduled sweeps, outages, errors of the gateway and permissions of the deployed system."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from orders.api.problems import problem
from tests.deploy.deployment import FUNCTION, ROLE, RULE, TABLE, links_outside_stage
from tests.deploy.request_mix import request_mix
from tests.deploy.servers import ACCOUNT, REGION, unresponsive_server, wait_until

# AWS itself uses these permissions of the function's role; the code does not.
BY_AWS = {
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "lambda:InvokeFunction",
    "sqs:SendMessage",
}
PARTIQL = "dynamodb:PartiQLUpdate"
SCHEDULED_EVENT = {"detail-type": "Scheduled Event", "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{RULE}"]}
SCHEDULE_TIMEOUT = 150
LAMBDA_TIMEOUT = 28
"""Seconds; the gateway's own timeout is 29."""


def test_the_schedule_expires_only_old_orders(aged, shop, checkout):
    old = aged.sixty_one_hours
    wait_until(lambda: shop.status_of(old) == "EXPIRED", what="the scheduled sweep", timeout=SCHEDULE_TIMEOUT)
    assert shop.status_of(aged.fifty_nine_hours) == "PENDING"
    expired = shop.send("GET", f"/orders/{old}").json()
    assert expired["history"][-1] == {
        "status": "EXPIRED",
        "at": expired["expired_at"],
        "by": "system:expire_orders",
    }
    wait_until(lambda: any("sweep" in line for line in checkout.log_lines()), what="the summary's line")
    sweeps = [line["sweep"] for line in checkout.log_lines() if "sweep" in line]
    assert sum(sweep["expired"] for sweep in sweeps) == 1
    assert sum(sweep["failed"] for sweep in sweeps) == 0


def test_a_request_that_takes_too_long_gets_an_error_page(blocked_sign_in, browser, checkout):
    """Without the app's own deadline, Lambda would end it after 28 s and the gateway would return a 502."""
    reply, took = blocked_sign_in.result()
    assert took > LAMBDA_TIMEOUT - 4
    assert (reply.status, reply.headers["Cache-Control"]) == (503, "no-store")
    assert "This took too long" in reply.text
    assert "your change may or may not have been saved" in reply.text
    assert links_outside_stage(reply.text) == []
    wait_until(lambda: "Timed out after" in checkout.log(), what="a log line")
    (line,) = [line for line in checkout.log_lines() if line["message"].startswith("Timed out after")]
    assert (line["level"], line["request_id"]) == ("ERROR", reply.headers["X-Request-Id"])
    assert line["message"].endswith(" s: POST /admin/login/")
    assert "update_last_login" in line["exc_info"]
    assert browser.sign_in("locked").headers["Location"] == "/prod/dashboard/"


def test_if_dynamodb_stalls_clients_get_a_503_and_the_sweep_fails(shop, checkout):
    """A failed invocation causes retries, a dead letter and an alarm."""
    with unresponsive_server() as url, checkout.other_variables(AWS_ENDPOINT_URL_DYNAMODB=url):
        with ThreadPoolExecutor() as pool:
            sweep = pool.submit(checkout.invoke, SCHEDULED_EVENT)
            reply = shop.send("GET", "/orders")
        error, text = sweep.result()
    # Not timed_out: the stall was detected long before the function's timeout.
    assert (reply.status, reply.json()["code"]) == (503, "store_unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert error
    assert "The sweep failed: DynamoDB is not responding" in text


def test_an_event_that_fails_three_times_goes_to_the_dead_letter_queue(deployed, checkout):
    """EventBridge invokes asynchronously, so only the queue and the alarms show a failure."""
    sqs = checkout.aws.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"{FUNCTION}-dead-letters")["QueueUrl"]
    functions, tries = checkout.aws.client("lambda"), failed_sweeps(checkout)
    with checkout.other_variables(published=False, AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:9"):
        functions.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(SCHEDULED_EVENT).encode())
        wait_until(lambda: failed_sweeps(checkout) == tries + 3, what="three tries", timeout=SCHEDULE_TIMEOUT)
    letters = []
    wait_until(lambda: letters.extend(received(sqs, queue)) or letters, what="the dead letter")
    # AWS queues the event itself, MiniStack wraps it as for a destination.
    (document,) = [json.loads(letter["Body"]) for letter in letters]
    assert document.get("requestPayload", document) == SCHEDULED_EVENT


def received(sqs, queue):
    return sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])


def failed_sweeps(checkout):
    return checkout.log().count("The sweep failed: DynamoDB is not responding")


def test_without_its_parameter_the_function_fails_with_the_name_of_the_parameter(deployed, checkout):
    with checkout.other_variables(published=False, SSM_PARAMETER="/ordersite/missing"):
        error, text = checkout.invoke({"httpMethod": "GET"})
    assert error
    assert "The SSM parameter /ordersite/missing cannot be read: " in text


def test_the_gateway_returns_a_problem_document_if_the_function_is_missing(deployed, checkout, gateway):
    """MiniStack uses the configured gateway responses only for a missing function, not for one that fails."""
    with integration_elsewhere(checkout, gateway):
        reply = gateway.send("GET", "/prod/lifecycle")
    assert (reply.status, reply.headers["Content-Type"]) == (502, "application/problem+json")
    document = reply.json()
    assert (document["status"], document["code"], document["errors"]) == (502, "no_answer", [])
    assert "repeat a POST with its Idempotency-Key" in document["detail"]
    assert document["request_id"] == reply.headers["x-amzn-requestid"]


@contextmanager
def integration_elsewhere(checkout, gateway):
    apis = checkout.aws.client("apigateway")
    resources = apis.get_resources(restApiId=gateway.api_id, embed=["methods"])["items"]
    (proxy,) = [resource["id"] for resource in resources if resource["path"] == "/{proxy+}"]
    one = {"restApiId": gateway.api_id, "resourceId": proxy, "httpMethod": "ANY"}
    uri = apis.get_integration(**one)["uri"]

    def call(url):
        apis.update_integration(**one, patchOperations=[{"op": "replace", "path": "/uri", "value": url}])
        apis.create_deployment(restApiId=gateway.api_id, stageName="prod")

    call(uri.replace(FUNCTION, "another"))
    try:
        yield
    finally:
        call(uri)


def test_errors_of_the_gateway_are_problem_documents(deployed, checkout, gateway):
    apis = checkout.aws.client("apigateway")
    codes = {"THROTTLED": ("429", "throttled"), "REQUEST_TOO_LARGE": ("413", "body_too_large")}
    codes |= {"INTEGRATION_TIMEOUT": ("504", "timed_out"), "INTEGRATION_FAILURE": ("502", "no_answer")}
    for kind, (status, code) in codes.items():
        response = apis.get_gateway_response(restApiId=gateway.api_id, responseType=kind)
        document = json.loads(response["responseTemplates"]["application/json"])
        # The same fields as in the app's own errors.
        assert document.keys() - {"request_id"} == problem(HTTPStatus.OK, "", "").keys()
        assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert (response["statusCode"], str(document["status"]), document["code"]) == (status, status, code)
    throttled = apis.get_gateway_response(restApiId=gateway.api_id, responseType="THROTTLED")
    assert throttled["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_the_policy_allows_exactly_the_calls_of_the_code(shop, browser, checkout):
    """Compares the policy with all calls that the function has made in the tests above.

    Without the sweep's PartiQL: MiniStack requires the permission for all tables, where AWS requires it for this one.
    """
    browser.sign_in()
    order = shop.send("POST", "/orders", {"item": "x", "quantity": 1, "customer_email": "ann@example.com"}).json()
    shop.send("GET", "/orders?customer_email=ann@example.com")
    shop.send("DELETE", f"/orders/{order['order_id']}")
    calls = checkout.aws.calls_by(ROLE)
    made = {(call["action"], call["resource"]) for call in calls if call["allowed"]}
    policy = checkout.aws.client("iam").get_role_policy(RoleName=ROLE, PolicyName="zappa-permissions")["PolicyDocument"]
    granted = {
        (action, resource)
        for statement in policy["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if action not in BY_AWS | {PARTIQL}
    }
    assert {resource for _, resource in granted if resource == "*"} == set()
    assert granted == made


def test_the_policy_allows_partiql_updates_of_the_table_only(deployed, checkout):
    """The sweep's BatchExecuteStatement needs no other permission."""
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
    assert decision(checkout, PARTIQL, table) == "allowed"
    assert decision(checkout, PARTIQL, f"{table}-2") != "allowed"
    for action in ("PartiQLSelect", "PartiQLInsert", "PartiQLDelete"):
        assert decision(checkout, f"dynamodb:{action}", table) != "allowed"


def as_list(value):
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("action", sorted(BY_AWS))
def test_the_policy_allows_the_calls_that_aws_makes_with_the_role(deployed, checkout, action):
    own = {
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{FUNCTION}:log-stream:x",
        "lambda": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}",
        "sqs": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{FUNCTION}-dead-letters",
    }
    assert decision(checkout, action, own[action.partition(":")[0]]) == "allowed"
    assert decision(checkout, action, own[action.partition(":")[0]].replace("ordersite", "another")) != "allowed"


def decision(checkout, action, resource):
    (result,) = checkout.aws.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
        ActionNames=[action],
        ResourceArns=[resource],
    )["EvaluationResults"]
    return result["EvalDecision"]


def test_the_function_also_works_with_dynamodb_local(shop, checkout, engine):
    elsewhere = {"AWS_ENDPOINT_URL_DYNAMODB": engine}
    command = checkout.python, "manage.py", "create_orders_table"
    made = checkout.run(*command, SECRET_KEY="none", ORDERS_TABLE=TABLE, **elsewhere)
    assert made.returncode == 0, made.stderr
    with checkout.other_variables(**elsewhere):
        request_mix(shop)

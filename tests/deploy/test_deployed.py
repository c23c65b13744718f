"""`make deploy` and the deployed site, called through the gateway."""

import gzip
import json
import re
from pathlib import PurePath

import boto3
import pytest

from deploy.__main__ import Presence, presence
from deploy.function import manage
from deploy.stage import read_stage
from deploy.target import StepFailedError, Target
from tests.deploy.deployment import FUNCTION, RULE, SNAP_START, TABLE, links_outside_stage
from tests.deploy.request_mix import request_mix
from tests.deploy.servers import ACCOUNT, REGION, wait_until


def test_a_deploy_without_the_parameter_is_refused_with_its_name(refused):
    assert "FAIL  secrets: The SSM parameter /ordersite/prod does not exist in ap-south-1." in refused
    assert "FAIL  PostgreSQL: The SSM parameter /ordersite/prod does not exist" in refused
    assert "Calling deploy" not in refused


def test_a_stage_that_is_not_deployed_cannot_be_updated(refused, checkout):
    done = checkout.make_target("update", "STAGE=staging")
    assert done.returncode != 0
    assert "ordersite-staging is not deployed yet. Run: make deploy STAGE=staging" in done.stderr


def test_an_incomplete_deploy_is_removed_and_repeated(deployed):
    assert "== Removing an incomplete deploy" in deployed


def test_a_complete_stage_is_recognised(deployed, operator):
    session = boto3.Session()
    assert presence(Target(read_stage("prod", account=ACCOUNT), session)) is Presence.COMPLETE
    assert presence(Target(read_stage("staging", account=ACCOUNT), session)) is Presence.NONE


def test_a_command_that_fails_on_the_function_is_reported_with_its_log(deployed, operator):
    target = Target(read_stage("prod", account=ACCOUNT), boto3.Session())
    with pytest.raises(StepFailedError) as failure:
        manage(target, "migrate nothing")
    first, *log = str(failure.value).splitlines()
    assert first == "manage.py migrate nothing: failed on ordersite-prod."
    assert "CommandError: No installed app with label 'nothing'." in "\n".join(log)


def test_a_deploy_prints_its_outputs(deployed, gateway):
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


def test_the_deploy_creates_what_zappa_does_not(deployed, checkout):
    aws = checkout.aws
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"/aws/lambda/{FUNCTION}": 30,
        f"/aws/apigateway/{FUNCTION}": 30,
    }
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
    backups = aws.client("dynamodb").describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    # A step that this account does not allow is reported, and the other steps still run.
    assert "NOT DONE: access logs: API Gateway has no role in this account" in deployed
    assert deployed.count("NOT DONE") == 1


def test_there_is_an_alarm_for_each_kind_of_failure(deployed, checkout):
    aws = checkout.aws
    alarms = {alarm["AlarmName"]: alarm for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    kinds = {"errors", "throttles", "dead-letters", "no-sweep"}
    assert set(alarms) == {f"{FUNCTION}-{kind}" for kind in kinds}
    for kind in ("errors", "throttles"):
        alarm = alarms[f"{FUNCTION}-{kind}"]
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": FUNCTION}]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", kind.capitalize())
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    letters = alarms[f"{FUNCTION}-dead-letters"]
    assert letters["Dimensions"] == [{"Name": "QueueName", "Value": f"{FUNCTION}-dead-letters"}]
    sweep = alarms[f"{FUNCTION}-no-sweep"]
    assert sweep["Period"] * sweep["EvaluationPeriods"] == 2 * 60 * 60
    assert (sweep["ComparisonOperator"], sweep["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    # The alarm watches the metric that counts the log lines.
    (counted,) = aws.client("logs").describe_metric_filters(logGroupName=f"/aws/lambda/{FUNCTION}")["metricFilters"]
    (into,) = counted["metricTransformations"]
    assert (into["metricNamespace"], into["metricName"]) == (sweep["Namespace"], sweep["MetricName"])


def test_no_secret_is_in_the_functions_environment(deployed, checkout):
    assert checkout.variables["SSM_PARAMETER"] == "/ordersite/prod"
    assert not {"SECRET_KEY", "DATABASE_URL", "ADMIN_PASSWORD"} & checkout.variables.keys()


def test_snapstart_is_on_if_supported_and_the_gateway_calls_its_version(deployed, checkout, gateway):
    functions, apis = checkout.aws.client("lambda"), checkout.aws.client("apigateway")
    state = functions.get_function_configuration(FunctionName=FUNCTION)["SnapStart"]["ApplyOn"]
    assert state == ("PublishedVersions" if SNAP_START else "None")
    resources = apis.get_resources(restApiId=gateway.api_id, embed=["methods"])["items"]
    called = {method["methodIntegration"]["uri"] for one in resources for method in one["resourceMethods"].values()}
    assert {uri.endswith(f":function:{FUNCTION}:snapstart/invocations") for uri in called} == {SNAP_START}


def test_the_five_endpoints_work_through_the_gateway(shop):
    request_mix(shop)


def test_every_url_contains_the_stage(gateway, shop):
    assert gateway.send("GET", "/prod/").headers["Location"] == "/prod/dashboard/"
    assert gateway.send("GET", "/prod/dashboard/").headers["Location"] == "/prod/admin/login/?next=/prod/dashboard/"
    placed, _ = (shop.send("POST", "/orders", {"item": "Teapot", "quantity": 1}) for _ in range(2))
    order_id = placed.json()["order_id"]
    assert placed.headers["Location"].endswith(f"/prod/orders/{order_id}")
    page = shop.send("GET", "/orders?limit=1").json()
    assert f"{gateway.host}/prod/orders?" in page["next"]


PAGES = (
    "/prod/dashboard/",
    "/prod/dashboard/overview/",
    "/prod/dashboard/overview/?count=1",
    "/prod/dashboard/orders/new/",
    "/prod/dashboard/search/?q=nothing",
    "/prod/admin/",
    "/prod/admin/accounts/user/",
    "/prod/admin/accounts/apikey/",
    "/prod/admin/accounts/apikey/add/",
    "/prod/nothing/here",
)


def test_all_links_of_all_pages_stay_in_the_stage(shop, gateway, browser):
    order_id = shop.send("POST", "/orders", {"item": "Teapot", "quantity": 1}).json()["order_id"]
    assert links_outside_stage(gateway.send("GET", "/prod/admin/login/").text) == []
    browser.sign_in()
    for page in (*PAGES, f"/prod/dashboard/orders/{order_id}/"):
        reply = browser.get(page)
        assert reply.status in (200, 404), page
        assert links_outside_stage(reply.text) == [], page
    for page in ("/prod/admin", "/prod/dashboard", "/prod/favicon.ico", "/prod/dashboard/counts/"):
        assert browser.get(page).headers["Location"].startswith("/prod/"), page


def test_an_unknown_path_that_starts_with_the_stages_name_is_a_404(gateway):
    reply = gateway.send("GET", "/prod/products")
    assert (reply.status, reply.json()["detail"]) == (404, "There is nothing at /prod/products.")


def test_a_member_of_staff_can_sign_in_and_change_an_order(shop, browser):
    order = shop.send("POST", "/orders", {"item": "Desk lamp", "quantity": 1}).json()
    entered = browser.sign_in()
    assert (entered.status, entered.headers["Location"]) == (302, "/prod/dashboard/")
    listed = browser.get("/prod/dashboard/")
    assert order["order_id"] in listed.text
    url = f"/prod/dashboard/orders/{order['order_id']}/"
    detail = browser.get(url)
    moved = browser.post(f"{url}status/", detail, to="PROCESSING", version=str(order["version"]))
    assert (moved.status, moved.headers["Location"]) == (302, url)
    after = shop.send("GET", f"/orders/{order['order_id']}").json()
    assert (after["status"], after["history"][-1]["by"]) == ("PROCESSING", "staff:admin")


def test_the_session_cookie_is_secure(browser):
    entered = browser.sign_in()
    (session,) = {line for line in entered.headers.get_all("Set-Cookie") if line.startswith("sessionid=")}
    assert "Secure" in session
    assert "HttpOnly" in session


def test_a_form_from_another_site_is_refused(gateway, browser):
    browser.get("/prod/admin/login/")
    cookies = f"csrftoken={browser.cookies['csrftoken']}"
    headers = {"Cookie": cookies, "Origin": "https://evil.example", "Content_Type": "application/x-www-form-urlencoded"}
    body = f"csrfmiddlewaretoken={browser.cookies['csrftoken']}&username=admin".encode()
    assert gateway.send("POST", "/prod/admin/login/", body, **headers).status == 403


def test_static_files_are_served_unchanged_and_immutable(gateway, checkout):
    collected = checkout.folder / "staticfiles"
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    # One file of each type. Source maps are collected but not packed.
    samples = {PurePath(name).suffix: name for name in names if PurePath(name).suffix not in ("", ".map")}
    assert {".css", ".js", ".woff2", ".svg"} <= samples.keys()
    for sample in samples.values():
        reply = gateway.send("GET", f"/prod/static/{names[sample]}")
        assert reply.status == 200, sample
        assert reply.body == (collected / names[sample]).read_bytes(), sample
        assert "immutable" in reply.headers["Cache-Control"]


def test_static_files_are_compressed_for_clients_that_accept_gzip(gateway, checkout):
    names = json.loads((checkout.folder / "staticfiles" / "staticfiles.json").read_text())["paths"]
    plain = (checkout.folder / "staticfiles" / names["unfold/css/styles.css"]).read_bytes()
    reply = gateway.send("GET", f"/prod/static/{names['unfold/css/styles.css']}", Accept_Encoding="gzip")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.body) < len(plain) / 3
    assert gzip.decompress(reply.body) == plain


def test_a_body_of_five_megabytes_is_refused_with_a_problem_document(shop):
    reply = shop.send("POST", "/orders", {"item": "x" * 5_000_000, "quantity": 1})
    assert (reply.status, reply.json()["code"]) == (413, "body_too_large")


def test_log_lines_contain_the_request_id_and_whether_it_was_a_cold_start(shop, checkout):
    request_id = "6f1c7f0e-2f0a-4c61-9d1e-0f3b7c1a2b3d"
    reply = shop.send("GET", "/orders/unknown", X_Request_Id=request_id)
    assert (reply.status, reply.headers["X-Request-Id"]) == (404, request_id)
    wait_until(lambda: any(line.get("request_id") == request_id for line in checkout.log_lines()), what="a log line")
    lines = checkout.log_lines()
    line = next(line for line in lines if line.get("request_id") == request_id)
    assert line["function"] == FUNCTION
    assert line["lambda_request_id"]
    assert {line["cold_start"] for line in lines if "cold_start" in line} == {True, False}
    # Every log record is JSON. Other lines come from Zappa or are the output of commands.
    assert [line for line in checkout.log().splitlines() if re.match("(INFO|WARNING|ERROR|CRITICAL)[: ]", line)] == []


# Run in the function, with its role. Only the last call is allowed.
CALLS = """
import boto3
dynamodb, codes = boto3.client("dynamodb"), []
one = {"Key": {"order_id": {"S": "none"}}}
calls = (dynamodb.scan, {}), (dynamodb.delete_table, {}), (dynamodb.describe_table, {}), (dynamodb.get_item, one)
for call, arguments in calls:
    try:
        codes.append(call(TableName="Orders", **arguments)["ResponseMetadata"]["HTTPStatusCode"])
    except dynamodb.exceptions.ClientError as error:
        codes.append(error.response["Error"]["Code"])
raise SystemError(f"responses: {codes}")
"""


def test_a_call_outside_the_policy_is_refused(deployed, checkout):
    _, text = checkout.invoke({"raw_command": CALLS})
    denied = "AccessDeniedException"
    assert f"responses: {[denied, denied, denied, 200]}" in text

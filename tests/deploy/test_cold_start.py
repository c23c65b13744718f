"""What a new process of the Lambda function imports, and when. It runs as production is set, but with SQLite."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import boto3
import pytest

from orders.models import new_order
from soak.site import manage_together
from tests.deploy.servers import PROJECT

# The settings that Zappa would write into the package.
ZAPPA_SETTINGS = """
APP_MODULE, APP_FUNCTION, DJANGO_SETTINGS = "ordersite.wsgi", "application", "ordersite.settings"
PROJECT_NAME, API_STAGE, LOG_LEVEL, DEBUG, BINARY_SUPPORT = "ordersite", "prod", "WARNING", False, True
EXCEPTION_HANDLER = DOMAIN = BASE_PATH = None
ENVIRONMENT_VARIABLES = CONTEXT_HEADER_MAPPINGS = AWS_EVENT_MAPPING = AWS_BOT_EVENT_MAPPING = {}
COGNITO_TRIGGER_MAPPING = {}
ADDITIONAL_TEXT_MIMETYPES = ["application/problem+json"]
"""
HOST = "x.execute-api.ap-south-1.amazonaws.com"
SCRIPT = """
import gc, json, sys
key, order_id = sys.argv[1:]
from ordersite.function import handler
imported, frozen = set(sys.modules), gc.get_freeze_count()
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 20_000
def get(path):
    headers = {"Host": "x.execute-api.ap-south-1.amazonaws.com", "Authorization": f"Api-Key {key}"}
    event = {"httpMethod": "GET", "path": path, "headers": headers, "requestContext": {"stage": "prod"}}
    return handler({**event, "queryStringParameters": None, "body": None}, Context())["statusCode"]
status, after = get(f"/orders/{order_id}"), set(sys.modules)
others = [get(path) for path in ("/schema", "/docs", "/lifecycle", "/admin/login/", "/dashboard/")]
print("RESULT", json.dumps({"status": status, "imported": sorted(imported), "late": sorted(after - imported),
                            "frozen": frozen, "collects": gc.isenabled(), "others": others}))
"""

UNUSED = (
    "accounts.admin",
    "django.test",
    "drf_spectacular.plumbing",
    "jsonschema",
    "orders.api.schema",
    "orders.dashboard.urls",
    "orders.management",
    "orders.seeding",
    "rest_framework.test",
    "rich",
    "unfold.admin",
    "unittest",
    "yaml.loader",
)
"""Modules and packages that only pages, /schema, commands or tests need."""


class Start(NamedTuple):
    status: int
    """Of GET /orders/{id}, the first request."""
    imported: list[str]
    """The modules that the import of the function loaded."""
    late: list[str]
    """The modules that the first request loaded."""
    frozen: int
    """The number of objects that the garbage collector ignores."""
    collects: bool
    others: list[int]
    """The statuses of later requests."""


@pytest.fixture(scope="module")
def start(engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cold")
    (folder / "zappa_settings.py").write_text(ZAPPA_SETTINGS)
    environment = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL_DYNAMODB": engine,
        "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'accounts.sqlite3'}",
        "HTTPS_ONLY": "true",
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "true",
        "LOG_JSON": "true",
        "LOG_LEVEL": "WARNING",
        "ORDERS_TABLE": "ColdStart",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(folder)]),
        "SECRET_KEY": "only-for-this-test",
        "STATIC_URL": "/prod/static/",
    }

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    commands = ("migrate", "--verbosity=0"), ("create_orders_table",), ("create_api_key", "--name=shop")
    key = manage_together(PROJECT, environment, commands).split()[-1]
    order = new_order(
        order_id=str(uuid4()),
        at=datetime.now(UTC),
        by="x",
        item="Cup",
        quantity=1,
        customer_name="Ann",
        customer_email="",
    )
    client = boto3.client(
        "dynamodb", "ap-south-1", endpoint_url=engine, aws_access_key_id="local", aws_secret_access_key="local"
    )
    client.put_item(TableName="ColdStart", Item=order.serialize())
    return Start(**json.loads(run("-c", SCRIPT, key, str(order.order_id)).rpartition("RESULT ")[2]))


def test_the_first_request_is_answered(start):
    assert start.status == 200


def test_a_start_imports_nothing_that_a_get_of_an_order_does_not_need(start):
    loaded = {*start.imported, *start.late}
    assert not [name for name in UNUSED if name in loaded or any(one.startswith(f"{name}.") for one in loaded)]


def test_the_first_request_imports_no_module_of_the_app_django_or_botocore(start):
    packages = ("accounts", "botocore", "django", "orders", "ordersite", "pynamodb", "rest_framework")
    assert not [name for name in start.late if name.partition(".")[0] in packages]


def test_the_garbage_collector_runs_but_ignores_what_the_import_created(start):
    assert start.collects
    assert start.frozen > 100_000


def test_what_is_loaded_later_works(start):
    assert start.others == [200, 200, 200, 200, 302]

"""One deployed stage for all tests in this folder, with an emulated AWS, PostgreSQL and an operator's checkout."""

import io
import json
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple
from uuid import uuid4

import boto3
import psycopg
import pytest

from orders.models import new_order
from tests.deploy.deployment import (
    FUNCTION,
    PARAMETER,
    PASSWORD,
    ROLE,
    RULE,
    TABLE,
    Browser,
    Checkout,
    Gateway,
    Reply,
    Shop,
)
from tests.deploy.servers import PROJECT, REGION, Aws, aws, create_database, postgresql


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with aws(tmp_path_factory.mktemp("aws")) as site:
        yield site


@pytest.fixture
def operator(cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Sets the AWS variables of an operator in this process."""
    for name, value in cloud.environment.items():
        if name.startswith("AWS"):
            monkeypatch.setenv(name, value)
    # boto3 keeps the credentials that it found first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return cloud


@pytest.fixture(scope="session")
def checkout(cloud: Aws, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.make(cloud, tmp_path_factory.mktemp("operator") / "ordersite")


@pytest.fixture(scope="session")
def refused(checkout: Checkout) -> str:
    """The output of a deploy before the operator has created the parameter."""
    done = checkout.make_target("deploy")
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def deployed(refused: str, checkout: Checkout, database: str) -> str:
    """The output of `make deploy`, which first had to remove an incomplete deploy."""
    values = {"SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_URL": database, "ADMIN_PASSWORD": PASSWORD}
    checkout.aws.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=json.dumps(values))
    create_function_without_gateway(checkout)
    done = checkout.make_target("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def create_function_without_gateway(checkout: Checkout) -> None:
    """The state after an interrupted deploy."""
    trust = (PROJECT / "deploy" / "trust.json").read_text()
    role = checkout.aws.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("empty.py", "")
    checkout.aws.client("lambda").create_function(
        FunctionName=FUNCTION,
        Role=role["Role"]["Arn"],
        Runtime="python{}.{}".format(*sys.version_info),
        Handler="empty.handler",
        Code={"ZipFile": code.getvalue()},
    )


class AgedOrders(NamedTuple):
    """The stage's rule as deployed, and two orders that are 61 and 59 hours old."""

    rule: dict[str, Any]
    sixty_one_hours: str
    fifty_nine_hours: str


@pytest.fixture(scope="session")
def aged(deployed: str, checkout: Checkout) -> AgedOrders:
    """Make the stage's rule run every minute instead of every hour. Other tests run in the meantime."""
    events = checkout.aws.client("events")
    rule = events.describe_rule(Name=RULE)
    old, young = (put_order(checkout, hours_old=hours) for hours in (61, 59))
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 minute)", State="ENABLED")
    return AgedOrders(rule, old, young)


def put_order(checkout: Checkout, *, hours_old: int) -> str:
    """Put an order of this age into the table, as the API would have created it."""
    at = datetime.now(UTC) - timedelta(hours=hours_old)
    fields = {"item": "Teapot", "quantity": 1, "customer_name": "Ann", "customer_email": ""}
    order = new_order(order_id=str(uuid4()), at=at, by="api-key:shop", **fields)
    checkout.aws.client("dynamodb").put_item(TableName=TABLE, Item=order.serialize())
    return str(order.order_id)


@pytest.fixture(scope="session")
def function_environment(deployed: str, checkout: Checkout) -> dict[str, str]:
    """The environment of the deployed function, for a process on this machine."""
    return {**checkout.variables, **checkout.aws.environment, "AWS_REGION": REGION}


@pytest.fixture(scope="session")
def gateway(deployed: str, checkout: Checkout) -> Gateway:
    return checkout.gateway


class TimedReply(NamedTuple):
    reply: Reply
    took: float
    """Seconds."""


@pytest.fixture(scope="session")
def blocked_sign_in(gateway: Gateway, checkout: Checkout, database: str) -> Iterator[Future[TimedReply]]:
    """A sign-in while another transaction locks the row of the user, as a migration may. Other tests run meanwhile."""
    created = checkout.manage("ensure_admin", ADMIN_USERNAME="locked")
    assert created.returncode == 0, created.stderr

    def sign_in() -> TimedReply:
        with psycopg.connect(database) as migration:
            migration.execute("SELECT 1 FROM accounts_user WHERE username = 'locked' FOR UPDATE")
            started_at = time.monotonic()
            return TimedReply(Browser(gateway).sign_in("locked"), time.monotonic() - started_at)

    with ThreadPoolExecutor() as pool:
        yield pool.submit(sign_in)


@pytest.fixture(scope="session")
def shop(gateway: Gateway, checkout: Checkout, aged: AgedOrders, blocked_sign_in: Future[TimedReply]) -> Shop:
    created = checkout.manage("create_api_key", "--name", "shop")
    assert created.returncode == 0, created.stderr
    return Shop(gateway, created.stdout.strip())


@pytest.fixture
def browser(gateway: Gateway) -> Browser:
    return Browser(gateway)


@pytest.fixture(scope="session")
def package(deployed: str, checkout: Checkout) -> Path:
    """The zip of the first deploy."""
    return min(checkout.folder.glob("*.zip"))


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def staging(checkout: Checkout, shop: Shop, database: str) -> Shop:
    """An API client of a second stage, with its own database."""
    own = create_database(database, "staging")
    values = {"SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_URL": own, "ADMIN_PASSWORD": PASSWORD}
    parameter = "/ordersite/staging"
    ssm = checkout.aws.client("ssm")
    ssm.put_parameter(Name=parameter, Type="SecureString", Value=json.dumps(values), Overwrite=True)
    done = checkout.make_target("deploy", "STAGE=staging")
    assert done.returncode == 0, done.stdout + done.stderr
    created = checkout.manage("create_api_key", "--name", "shop", SSM_PARAMETER=parameter)
    assert created.returncode == 0, created.stderr
    return Shop(checkout.gateway_of("ordersite-staging"), created.stdout.strip(), "staging")


@pytest.fixture(scope="session")
def in_package(unpacked: Path, function_environment: dict[str, str]) -> Callable[..., CompletedProcess[str]]:
    """Runs code with only the unpacked package (its first argument) and the standard library."""

    def in_package(code: str, *arguments: str) -> CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, unpacked, *arguments],
            env=function_environment,
            cwd=unpacked,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return in_package

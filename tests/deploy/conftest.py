"""One deployed stage for all tests of this folder: an AWS, a PostgreSQL and an operator's checkout."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from orders.models import new_order
from tests.deploy.machine import Aws, aws, postgresql
from tests.deploy.site import PARAMETER, PASSWORD, RULE, TABLE, Browser, Checkout, Gateway, Shop


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with aws(tmp_path_factory.mktemp("aws")) as site:
        yield site


@pytest.fixture(scope="session")
def checkout(cloud: Aws, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.make(cloud, tmp_path_factory.mktemp("operator") / "ordersite")


@pytest.fixture(scope="session")
def refused(checkout: Checkout) -> str:
    """What a deploy says before the operator has made the parameter."""
    done = checkout.make_target("deploy")
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def deployed(refused: str, checkout: Checkout, database: str) -> str:
    """What `make deploy` says."""
    values = {"SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_URL": database, "ADMIN_PASSWORD": PASSWORD}
    checkout.aws.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=json.dumps(values))
    done = checkout.make_target("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Aged(NamedTuple):
    """The stage's rule as it was deployed, and two orders from before there was a site."""

    rule: dict[str, Any]
    sixty_one_hours: str
    fifty_nine_hours: str


@pytest.fixture(scope="session")
def aged(deployed: str, checkout: Checkout) -> Aged:
    """From here on the stage's own rule ticks each minute and not each hour; nothing else about it is touched.

    The other tests take their time meanwhile.
    """
    events = checkout.aws.client("events")
    rule = events.describe_rule(Name=RULE)
    old, young = (put_order(checkout, hours_old=hours) for hours in (61, 59))
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 minute)", State="ENABLED")
    return Aged(rule, old, young)


def put_order(checkout: Checkout, *, hours_old: int) -> str:
    """Put an order into the table as the API would have placed it then."""
    at = datetime.now(UTC) - timedelta(hours=hours_old)
    wish = {"item": "Teapot", "quantity": 1, "customer_name": "Ann", "customer_email": ""}
    order = new_order(order_id=str(uuid4()), at=at, by="api-key:shop", **wish)
    checkout.aws.client("dynamodb").put_item(TableName=TABLE, Item=order.serialize())
    return str(order.order_id)


@pytest.fixture(scope="session")
def gateway(deployed: str, checkout: Checkout) -> Gateway:
    return checkout.gateway


@pytest.fixture(scope="session")
def shop(gateway: Gateway, checkout: Checkout, aged: Aged) -> Shop:
    made = checkout.manage("create_api_key", "--name", "shop")
    assert made.returncode == 0, made.stderr
    return Shop(gateway, made.stdout.strip())


@pytest.fixture
def browser(gateway: Gateway) -> Browser:
    return Browser(gateway)


@pytest.fixture(scope="session")
def package(deployed: str, checkout: Checkout) -> Path:
    """The zip that was deployed first."""
    return min(checkout.folder.glob("*.zip"))

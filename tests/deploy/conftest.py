"""One deployed stage for all tests of this folder: an AWS, a PostgreSQL and an operator's checkout."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.machine import Aws, aws, postgresql
from tests.deploy.site import PARAMETER, PASSWORD, RULE, Browser, Checkout, Gateway, Shop


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


@pytest.fixture(scope="session")
def ticking(deployed: str, checkout: Checkout) -> None:
    """The stage's own rule, at a minute and not an hour: nothing else about it is touched."""
    checkout.aws.client("events").put_rule(Name=RULE, ScheduleExpression="rate(1 minute)", State="ENABLED")


@pytest.fixture(scope="session")
def gateway(deployed: str, checkout: Checkout) -> Gateway:
    return checkout.gateway


@pytest.fixture(scope="session")
def shop(gateway: Gateway, checkout: Checkout) -> Shop:
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

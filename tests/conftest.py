"""Fixtures for all tests: a real, empty orders table, the calls made to it, and clients of the API."""

import gc
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

import pytest
import xdist
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.db.models.signals import post_migrate
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from accounts import keys
from accounts.models import Access, ApiKey
from local import downloads
from local.engine import in_memory
from orders.dynamodb import operations
from orders.models import Order
from orders.table import ensure_table
from tests.clients import ApiClient
from tests.dynamodb_clients import dynamodb_client, pytest_generate_tests  # noqa: F401 (pytest finds them here)
from tests.traffic import Traffic, recorded

# With a deadline, tests would fail on a slow or busy machine.
hypothesis_settings.register_profile("no deadline", deadline=None)
hypothesis_settings.load_profile("no deadline")

ONE_WORKER = "deploy"
"""The folder whose files share a deployed stage."""
ORDER = [ONE_WORKER, "schema", "soak", "local", "browser", "benchmarks", ""]
"""Folders with long files start first, so that all workers end at the same time; "" stands for all others."""
MOST_WORKERS = 8


class Scheduling(LoadFileScheduling):
    """Each worker takes the tests of one file at a time, or all of ONE_WORKER.

    Not `--dist loadgroup`, which ignores the groups under pytest 9.2 (pytest-xdist 3.8).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return ONE_WORKER if _folder(PurePath(file)) == ONE_WORKER else file


def pytest_xdist_auto_num_workers() -> int:
    """One more than CPUs, because the tests of the deploy, of `make run` and of the soak wait most of the time."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cpus + 1, MOST_WORKERS)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Sort the tests for parallel workers. A serial run keeps the order of pytest-django."""
    if xdist.is_xdist_worker(session):
        items.sort(key=lambda item: ORDER.index(_folder(item.path)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The modules and the items live until the end. The garbage collector does not search them, now or later.

    Measured: a quarter less CPU time of the collection, and a twelfth less of the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _folder(file: PurePath) -> str:
    return file.parent.name if file.parent.name in ORDER else ""


@pytest.fixture(scope="session", autouse=True)
def _downloads_shown(pytestconfig: pytest.Config) -> Iterator[None]:
    """The first run downloads for minutes, so its notices appear although pytest captures the output."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    write = downloads.show

    def show(sentence: str) -> None:
        with capture.global_and_fixture_disabled():
            write(f"\n{sentence}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "show", show)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Each test with a live server empties the database at its end. The next test finds the groups all the same."""
    post_migrate.connect(_create_groups_after_flush, sender=apps.get_app_config("accounts"))


def _create_groups_after_flush(*, using: str, plan: object = None, **_: Any) -> None:
    if plan is None:  # a migration has one
        migration = import_module("accounts.migrations.0002_groups")
        migration.create_groups(apps, SimpleNamespace(connection=connections[using]))


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """An in-memory DynamoDB Local for this worker."""
    with in_memory() as endpoint:
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
        Order._connection = None  # importing ordersite.wsgi has created one for AWS
        yield endpoint


@pytest.fixture(scope="session")
def made_table(engine: str) -> None:
    list(ensure_table())


@pytest.fixture
def table(made_table: None) -> Iterator[None]:
    """The orders table, empty before and after the test."""
    yield
    with Order.batch_write() as batch:
        for order in Order.scan(attributes_to_get=["order_id"]):
            batch.delete(order)


@pytest.fixture
def traffic(table: None) -> Iterator[Traffic]:
    """The DynamoDB calls made since the last `traffic.clear()`, with the capacity that the engine reports for each."""
    with recorded() as traffic:
        yield traffic


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """Resets the throttle, the counts, the API keys and the one-time log lines between tests."""
    yield
    for alias in settings.CACHES:
        caches[alias].clear()
    keys._cache.clear()
    operations._report.cache_clear()


@pytest.fixture
def read_write_key(db: None) -> str:
    _, key = ApiKey.objects.create_key(name="shop", access=Access.READ_WRITE)
    return key


@pytest.fixture
def read_only_key(db: None) -> str:
    _, key = ApiKey.objects.create_key(name="report", access=Access.READ_ONLY)
    return key


@pytest.fixture
def api(table: None, read_write_key: str) -> ApiClient:
    """A client with a read-write key, which validates every response against /schema."""
    return ApiClient(read_write_key)


@pytest.fixture
def stranger(table: None, db: None) -> ApiClient:
    """A client without a key."""
    return ApiClient(None)

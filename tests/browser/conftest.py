"""Chromium, driven by Playwright, against the live app with DynamoDB Local.

Every page of every test is watched: it may not log errors to the console, send requests to another host, or lack a
Content-Security-Policy.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from accounts.models import User
from local.chromium import get_chromium
from tests.browser.pages import TIMEOUT, Pages
from tests.browser.watch import Watch

DISABLED_FEATURES = [
    # Two hidden pages for the address bar of each window, which take longer than the page under test.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # A renderer process in reserve for one browser context, which the next test ends when it uses another context.
    "SpareRendererForSitePerProcess",
    # Chromium uses only the last list of its command line. These are from Playwright's list, which comes first.
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(DISABLED_FEATURES)}",
]
PASSWORD = "correct horse"

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def chromium(live_server: Any) -> Iterator[Browser]:
    """One browser for all tests. It depends on the server so that it closes its connections before the server stops."""
    program = get_chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's sync API keeps an event loop in this thread, beside which Django refuses its ORM. No code of ours
        # runs in that loop.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        variables = {**os.environ, **program.variables}
        with playwright.chromium.launch(executable_path=program.path, args=ARGUMENTS, env=variables) as browser:
            yield browser


@pytest.fixture
def site(table: None, live_server: Any) -> str:
    """The URL of the app."""
    return live_server.url


@pytest.fixture
def watch(site: str) -> Iterator[Watch]:
    watch = Watch(site)
    yield watch
    assert watch.problems == []


@pytest.fixture(scope="session")
def pages(chromium: Browser, live_server: Any) -> Pages:
    return Pages(chromium, live_server.url)


@pytest.fixture
def open_browser(pages: Pages, site: str, watch: Watch) -> Iterator[Callable[..., Page]]:
    """A page in a separate browser context, in which `user` has signed in.

    Other tests use the page after it is cleared. A test that changes it permanently passes `reuse=False`.
    """
    opened = []

    def open_browser(user: User | None = None, *, reuse: bool = True, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        page = pages.take(**options) if reuse else pages.create(**options)
        opened.append((page, pages.give_back if reuse else pages.close))
        if user:
            page.context.add_cookies([{"name": "sessionid", "value": _session(user), "url": site}])
        watch.follow(page)
        return page

    yield open_browser
    for page, end in opened:
        end(page)
        watch.leave(page)


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def _staff(username: str, group: str) -> User:
    user = User.objects.create_user(username, f"{username}@example.com", PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def manager(site: str) -> User:
    """A member of staff with all permissions for orders."""
    return _staff("anna", "Order managers")


@pytest.fixture
def viewer(site: str) -> User:
    """A member of staff who may only view orders."""
    return _staff("victor", "Order viewers")


@pytest.fixture
def administrator(site: str) -> User:
    return User.objects.create_superuser("root", "root@example.com", PASSWORD)


@pytest.fixture
def page(open_browser: Callable[..., Page], manager: User) -> Page:
    """A manager's browser."""
    return open_browser(manager)


@pytest.fixture
def page_with_clock(open_browser: Callable[..., Page], manager: User) -> Page:
    """A manager's browser whose timers fire early when the test calls `page.clock.run_for`."""
    page = open_browser(manager, reuse=False)
    page.clock.install()
    return page

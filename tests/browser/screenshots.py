"""Takes the screenshots of the documentation: `make screenshots`. The orders are the same every time.

Uses the fixtures of the tests, but its name keeps it out of the test run.
"""

import re
from pathlib import Path
from random import Random

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from orders.dynamodb import save_many
from orders.lifecycle import Status
from orders.listing import Filters
from orders.listing import page as page_of
from orders.seeding import sample_orders
from tests.browser import order_data

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 200_000
SEED = 11
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


@pytest.fixture
def orders(site):
    now, random = timezone.now(), Random(SEED)  # noqa: S311 (variety, no secrets)
    list(save_many(sample_orders(240, days=14, at=now, random=random)))
    # Some recent orders for the top of the list.
    list(save_many(sample_orders(3, days=0.02, at=now, random=random)))


@pytest.fixture
def staff(manager):
    manager.first_name, manager.last_name = "Anna", "Weber"
    manager.save()
    return manager


def shoot(page, name):
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.fonts.ready")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    assert file.stat().st_size < LARGEST, f"{file.name} is too large for a documentation: {file.stat().st_size:,} bytes"


def first(status):
    return page_of(Filters(status=status), limit=1).orders[0]


def test_screenshots(open_browser, staff, orders):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.groups.set(staff.groups.all())
    page = open_browser(staff, viewport={"width": 1280, "height": 720})

    page.goto("/dashboard/")
    shoot(page, "list")

    done = first(Status.COMPLETED)
    page.goto(f"/dashboard/orders/{done.order_id}/")
    shoot(page, "detail")

    page.goto("/dashboard/overview/?count=1")
    page.set_viewport_size({"width": 1280, "height": 800})
    shoot(page, "overview")

    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto("/dashboard/")
    boxes = page.get_by_role("checkbox", name="Select order")
    for number in range(9):
        boxes.nth(number).check()
    page.get_by_role("button", name="Cancel orders").click()
    page.get_by_role("button", name=re.compile(r"Cancel \d+ orders")).wait_for()
    shoot(page, "bulk-preview")

    order = first(Status.PENDING)
    page.goto(f"/dashboard/orders/{order.order_id}/")
    page.get_by_role("link", name="Cancel order").click()
    page.get_by_role("button", name="Cancel order").wait_for()
    order_data.change_status(order, Status.PROCESSING)
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_role("heading", name="The order has changed")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 560})
    shoot(page, "conflict")

    dark = open_browser(staff, viewport={"width": 1280, "height": 720}, color_scheme="dark")
    dark.goto("/dashboard/")
    for number in (0, 1, 3):
        dark.get_by_role("checkbox", name="Select order").nth(number).check()
    shoot(dark, "dark")

    phone = open_browser(staff, **PHONE)
    phone.goto("/dashboard/?status=PENDING")
    shoot(phone, "phone")

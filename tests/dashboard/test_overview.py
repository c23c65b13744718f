"""The overview: each figure, its list of orders, and the limit of its cost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache

from orders import counts, dynamodb, listing
from orders.dashboard import overview
from orders.dashboard.filters import Query
from orders.lifecycle import Status
from orders.models import expiry_age, new_order
from tests.contract.order_helpers import HOUR, NEW_ORDER, NOW, placed
from tests.dashboard.html_page import get_page

SIZED = {"item": "Wall clock, walnut", "customer_name": "Zoe Almeida", "customer_email": "zoe.almeida@example.com"}
OVERVIEW = "/dashboard/overview/?count=1"
AT_ONCE = "/dashboard/overview/"
CARDS = ("Pending", "Processing", "Due or expiring within 6 hours", "Placed today")

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
INSTANTS = [
    NOW,
    MIDNIGHT - MOMENT,
    MIDNIGHT,
    MIDNIGHT + MOMENT,
    MIDNIGHT + 10 * HOUR,  # midnight in Kiritimati
    MIDNIGHT + 11 * HOUR - MOMENT,  # a moment before it in Pago Pago
    MIDNIGHT + 13 * HOUR - MOMENT,
    MIDNIGHT + 13 * HOUR,
    MIDNIGHT + 13 * HOUR + timedelta(seconds=59, microseconds=999999),
]
at_every_edge = pytest.mark.parametrize("now", INSTANTS, indirect=True, ids=lambda at: f"{at:%H:%M:%S.%f}")


@pytest.fixture(autouse=True)
def now(request, monkeypatch):
    """The time for which the page shows figures."""
    at = getattr(request, "param", NOW)
    monkeypatch.setattr(overview, "read_clock", lambda: at)
    return at


def figures(browser, zone=""):
    """The cards, the days and the hours, each as pairs of a figure and the URL that it links to."""
    browser.cookies["timezone"] = zone
    page = get_page(browser, OVERVIEW)
    cards = {}
    for title in CARDS:
        [link] = [link for link in page.links if link.text.startswith(title) and "/dashboard/?" in link.href]
        cards[title] = (link.text.removeprefix(title).strip(), link.href)
    bars = [link for link in page.links if ": " in (link.attributes.get("aria-label") or "")]
    bars = [(bar.attributes["aria-label"].rpartition(": ")[2], bar.href) for bar in bars if "/dashboard/?" in bar.href]
    days = [bar for bar in bars if "created_from" in bar[1]]
    hours = [bar for bar in bars if "expires_after" in bar[1]]
    return cards, days, hours


def total_behind(browser, href):
    """The number of rows of this list, over all its pages."""
    total = 0
    while True:
        page = get_page(browser, href)
        total += len(page.listed())
        if not page.has_link("Older"):
            return total
        href = page.link("Older")


def test_the_figures_of_an_empty_table_are_zero(anna):
    cards, days, hours = figures(anna)
    assert [figure for figure, _ in cards.values()] == ["0"] * 4
    assert [figure for figure, _ in days] == ["0"] * 14
    assert [figure for figure, _ in hours] == ["0"] * 61


@at_every_edge
def test_every_figure_is_correct(anna, now):
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    age = expiry_age()
    for status, count in {Status.PROCESSING: 3, Status.COMPLETED: 2, Status.CANCELLED: 1}.items():
        for _ in range(count):
            placed(status=status, at=today - timedelta(days=1) + HOUR)
    placed(at=now - age - HOUR)  # due
    placed(at=now - age + 5 * HOUR)  # expires within 6 hours
    placed(at=now - age + 7 * HOUR)  # not yet
    placed(at=today - timedelta(days=13))  # the first moment of the first day
    placed(at=today - timedelta(days=13, microseconds=1))  # a moment before it
    cards, days, hours = figures(anna)
    pending = [now - age - HOUR, now - age + 5 * HOUR, now - age + 7 * HOUR]
    pending += [today - timedelta(days=13), today - timedelta(days=13, microseconds=1)]
    assert cards["Pending"][0] == "5"
    assert cards["Processing"][0] == "3"
    assert cards["Due or expiring within 6 hours"][0] == "4"
    assert cards["Placed today"][0] == str(sum(at >= today for at in pending))
    created = [*pending, *[today - timedelta(days=1) + HOUR] * 6]
    starts = [today - timedelta(days=ago) for ago in reversed(range(14))]
    assert [int(figure) for figure, _ in days] == [
        sum(start <= at < start + timedelta(days=1) for at in created) for start in starts
    ]
    first = now.replace(minute=0, second=0, microsecond=0)
    assert [int(figure) for figure, _ in hours] == [
        sum(first + ahead * HOUR <= at + age < first + (ahead + 1) * HOUR for at in pending) for ahead in range(61)
    ]
    assert sum(int(figure) for figure, _ in hours) == 2


@at_every_edge
def test_an_order_placed_now_is_in_the_forecast(anna, now):
    """It expires in 60 hours, which is the sixty-first hour including the current one."""
    placed(at=now)
    assert [figure for figure, _ in figures(anna)[2]] == [*["0"] * 60, "1"]


@pytest.mark.parametrize("zone", ["", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Chatham"])
def test_every_figure_links_to_a_list_with_that_many_orders(anna, now, zone):
    # Over 15 days, at intervals that give days and hours different counts.
    for number in range(90):
        placed(at=now - timedelta(minutes=241) * number - timedelta(minutes=2))
    cards, days, hours = figures(anna, zone)
    for figure, href in [*cards.values(), *days]:
        assert total_behind(anna, href) == int(figure), href
    for figure, href in hours:
        # To load every list would take long, so count the orders with its filters instead.
        query = Query.parse(href.partition("?")[2])
        assert len(listing.page(query.filters(), limit=100).orders) == int(figure)
    assert sum(int(figure) for figure, _ in days) > 70
    assert sum(int(figure) for figure, _ in hours) > 10


@at_every_edge
def test_days_are_in_the_users_time_zone(anna, now):
    """In every time zone, an order placed now was placed today, and one of 24 hours ago yesterday."""
    placed(at=now)
    placed(at=now - timedelta(hours=24))
    for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        cards, days, _ = figures(anna, zone)
        today = now.astimezone(ZoneInfo(zone)).date().isoformat()
        assert cards["Placed today"] == ("1", f"/dashboard/?created_from={today}&created_to={today}")
        assert days[-1] == ("1", cards["Placed today"][1])
        assert days[-2][0] == "1"


def test_hours_are_in_the_users_time_zone(anna, now):
    anna.cookies["timezone"] = "Asia/Kolkata"
    labels = [link.attributes.get("aria-label") or "" for link in get_page(anna, OVERVIEW).links]
    local = now.replace(minute=0).astimezone(ZoneInfo("Asia/Kolkata"))
    assert any(label.startswith(f"{local:%a %H:%M}: ") for label in labels)


def test_a_capped_figure_has_a_plus_sign(anna, monkeypatch, now):
    monkeypatch.setattr(overview, "HOURS_CAP", 3)
    for _ in range(3):
        placed(at=now - timedelta(seconds=5))
    _, _, hours = figures(anna)
    assert [figure for figure, _ in hours if figure != "0"] == ["2+"]


def test_cards_and_days_are_capped_at_999_plus(anna, now):
    crowd_of_today(now, 1001)
    cards, days, hours = figures(anna)
    assert (cards["Pending"][0], cards["Placed today"][0], days[-1][0]) == ("999+", "999+", "999+")
    assert [figure for figure, _ in hours if figure != "0"] == ["199+"]


def crowd_of_today(now, count):
    """Orders of a typical size, all placed at the same time."""
    orders = (
        new_order(**{**NEW_ORDER, **SIZED, "order_id": str(UUID(int=number)), "at": now}) for number in range(count)
    )
    assert len(list(dynamodb.save_many(orders))) == count


@pytest.mark.parametrize(("hours", "bars"), [(1, 2), (12, 13), (60, 61), (720, 61)])
def test_the_forecast_covers_the_expiry_age_up_to_sixty_hours(anna, settings, hours, bars):
    settings.ORDERS_EXPIRY_HOURS = hours
    assert len(figures(anna)[2]) == bars


# --- Cost -------------------------------------------------------------------------------------------------------------


def test_the_page_makes_78_counts_and_none_within_the_next_minute(anna, traffic, now):
    placed(at=now)
    traffic.clear()
    figures(anna)
    assert traffic.operations == ["Query"] * 78
    traffic.clear()
    figures(anna)
    assert traffic == []


def test_the_page_loads_first_and_then_its_figures(anna, traffic):
    page = anna.get(AT_ONCE).content.decode()
    assert 'hx-get="/dashboard/overview/?count=1" hx-trigger="load"' in page
    assert '<a class="o-button o-primary" href="/dashboard/overview/?count=1">' in page
    assert traffic == []


def test_cached_figures_are_on_the_page_at_once(anna, traffic, now):
    placed(at=now)
    figures(anna)
    traffic.clear()
    page = anna.get(AT_ONCE).content.decode()
    assert 'hx-trigger="load"' not in page
    assert traffic == []


def a_minute_passes():
    for key in list(cache._expire_info):
        cache._expire_info[key] -= 61


def test_a_capped_day_is_not_counted_again_every_minute(anna, traffic, now):
    """Only deletions can reduce it. The other figures are counted again."""
    crowd_of_today(now, 1001)
    figures(anna)
    a_minute_passes()
    traffic.clear()
    assert figures(anna)[1][-1][0] == "999+"
    assert len(traffic) == 77


def test_another_user_in_the_same_minute_and_time_zone_costs_nothing(anna, viewer, traffic, now):
    figures(anna)
    traffic.clear()
    figures(viewer)
    assert traffic == []


def test_another_time_zone_costs_only_its_own_days(anna, traffic, now):
    figures(anna)
    traffic.clear()
    figures(anna, "Asia/Kolkata")
    assert len(traffic) == 14


def test_the_documented_cost_is_not_exceeded_when_every_count_is_capped(traffic, now):
    """1,000 new orders of today: the most expensive count of the cards and days, and of the hours."""
    crowd_of_today(now, 1001)
    traffic.clear()
    counts.count(Status.PENDING)
    counts.count(None, after=now - HOUR)
    dear = max(units for _, units in traffic)
    traffic.clear()
    counts.count(Status.PENDING, cap=overview.HOURS_CAP)
    [(_, per_hour)] = traffic
    # Three cards, fourteen days (today's is the fourth card), and sixty-one hours.
    assert 17 * dear + 61 * per_hour <= 1_650

"""The overview: today's figures, each a link to its orders. Its cost does not depend on the size of the table.

The page makes 78 counts: 3 for the cards (the fourth is today's), 14 for the days and 61 for the next hours. Each is
capped, so they consume at most about 1,650 capacity units for new orders (450 bytes), 1,900 for orders with a longer
history (520 bytes), in 78 calls per shard of the indexes. They are cached for a minute per process; another time zone
adds only the counts of its days.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW
from orders.counts import COUNT_CAP, CountQuery, get_cached_counts, get_counts
from orders.dashboard.filters import midnight
from orders.dashboard.responses import render
from orders.dashboard.staff_page import staff_page
from orders.lifecycle import EXPIRING_SOON, Status
from orders.models import expiry_age
from orders.templatetags.orders_display import capped

DAYS = 14
HOURS = 60
"""Hours that the expiry chart covers; fewer if orders expire sooner."""
HOURS_CAP = 200
MAX_AGE = 60
"""Seconds for which a figure is cached."""
CHART_HEIGHT = 120
"""In units of the SVG, which the page scales."""

HOUR = timedelta(hours=1)

read_clock: Callable[[], datetime] = timezone.now
"""The clock for all figures of a page; tests replace it."""


class Bar(NamedTuple):
    label: str
    text: str
    height: int
    top: int
    url: str


@require_safe
@staff_page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """The page with its figures if they are cached, else a page that then loads them (`?count=1`)."""
    now = read_clock()
    today = timezone.localdate(now)
    cards, days, hours = _card_counts(now, today), list(_day_counts(today)), list(_hour_counts(now))
    counts = [*cards, *days, *hours]
    cached = get_cached_counts(counts, max_age=MAX_AGE)
    if len(cached) < len(set(counts)) and "count" not in request.GET:
        return render(request, "dashboard/overview.html", {"title": _("Overview")})
    counted = get_counts(counts, max_age=MAX_AGE)
    figures = [counted[count] for count in counts]
    context = {
        "title": _("Overview"),
        "counted": True,
        "cards": _cards(figures[: len(cards)], now, today),
        "days": _day_bars(figures[len(cards) : len(cards) + len(days)], today),
        "hours": _hour_bars(figures[len(cards) + len(days) :], now),
        "hours_ahead": _hours_ahead(),
        "chart_height": CHART_HEIGHT,
    }
    return render(request, "dashboard/overview.html", context)


def _card_counts(now: datetime, today: date) -> list[CountQuery]:
    minute = now.replace(second=0, microsecond=0)
    return [
        CountQuery(Status.PENDING, None, None),
        CountQuery(Status.PROCESSING, None, None),
        CountQuery(Status.PENDING, None, minute - expiry_age() + EXPIRING_SOON),
        _day_count(today),
    ]


def _day_counts(today: date) -> Iterator[CountQuery]:
    for ago in reversed(range(DAYS)):
        yield _day_count(today - timedelta(days=ago))


def _day_count(day: date) -> CountQuery:
    return CountQuery(None, midnight(day), midnight(day + timedelta(days=1)))


def _hour_counts(now: datetime) -> Iterator[CountQuery]:
    """The PENDING orders by the hour of their expiry, which is the hour of their creation plus the expiry age."""
    for hour in _hours(now):
        yield CountQuery(Status.PENDING, hour - expiry_age(), hour + HOUR - expiry_age(), HOURS_CAP)


def _hours(now: datetime) -> Iterator[datetime]:
    first = now.replace(minute=0, second=0, microsecond=0)
    # The current hour has begun and the last is cut short, so there is one more than whole hours.
    for ahead in range(_hours_ahead() + 1):
        yield first + ahead * HOUR


def _hours_ahead() -> int:
    return min(HOURS, int(expiry_age() / HOUR))


def _cards(figures: Sequence[int], now: datetime, today: date) -> list[dict[str, Any]]:
    pending, processing, expiring, placed = figures
    day = today.isoformat()
    expiring_url = _list(status=Status.PENDING, expires_before=(now + EXPIRING_SOON).isoformat(timespec="minutes"))
    return [
        {"title": _("Pending"), "figure": capped(pending), "url": _list(status=Status.PENDING)},
        {"title": _("Processing"), "figure": capped(processing), "url": _list(status=Status.PROCESSING)},
        {
            "title": _("Due or expiring within 6 hours"),
            "figure": capped(expiring),
            "url": expiring_url,
            "warn": expiring,
        },
        {"title": _("Placed today"), "figure": capped(placed), "url": _list(created_from=day, created_to=day)},
    ]


def _day_bars(figures: Sequence[int], today: date) -> list[Bar]:
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    labels = [date_format(day, "MONTH_DAY_FORMAT") for day in days]
    urls = [_list(created_from=day.isoformat(), created_to=day.isoformat()) for day in days]
    return _bars(labels, figures, urls, cap=COUNT_CAP)


def _hour_bars(figures: Sequence[int], now: datetime) -> list[Bar]:
    hours = list(_hours(now))
    labels = [date_format(timezone.localtime(hour), "D H:i") for hour in hours]
    urls = [_expiring_in(hour) for hour in hours]
    return _bars(labels, figures, urls, cap=HOURS_CAP)


def _bars(labels: Sequence[str], figures: Sequence[int], urls: Sequence[str], *, cap: int) -> list[Bar]:
    highest = max(*figures, 1)
    bars = []
    for label, figure, url in zip(labels, figures, urls, strict=True):
        height = round(CHART_HEIGHT * figure / highest)
        text = f"{cap - 1}+" if figure >= cap else str(figure)
        bars.append(Bar(label, text, height, CHART_HEIGHT - height, url))
    return bars


def _expiring_in(hour: datetime) -> str:
    return _list(status=Status.PENDING, expires_after=hour.isoformat(), expires_before=(hour + HOUR).isoformat())


def _list(**values: str) -> str:
    return f"{reverse('dashboard:list')}?{urlencode(values)}"

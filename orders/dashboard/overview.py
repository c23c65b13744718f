"""The figures of the day, each leading to the list behind it, at a cost that no table's size can raise.

A look at the page makes 78 counts: 3 for the cards (the fourth is today's), 14 for the days and 61 for the hours ahead.
Each is capped, so they consume at most about 1,650 capacity units over new orders (450 bytes), 1,900 over such with a
longer history (520 bytes), in 78 calls per shard of the indexes. They are kept for a minute, so that is also the most
in a minute, process and time zone; in another zone only the days are counted anew.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW
from orders import listing
from orders.dashboard.filters import midnight
from orders.dashboard.pages import page, render
from orders.lifecycle import Status
from orders.models import expiry_age
from orders.templatetags.orders_display import EXPIRY_WARNING, capped

DAYS = 14
HOURS = 60
"""Of the forecast; fewer where orders expire sooner."""
HOURS_CAP = 200
KEPT_SECONDS, CAPPED_SECONDS = 60, 600
CHART_HEIGHT = 120
"""Units of the drawing; the page scales it."""

HOUR = timedelta(hours=1)

read_clock: Callable[[], datetime] = timezone.now
"""The clock for all figures of a page; tests replace it."""


class Count(NamedTuple):
    """A question to `listing.count`."""

    status: Status | None
    after: datetime | None
    before: datetime | None
    cap: int = listing.COUNT_CAP

    def answer(self) -> int:
        return listing.count(self.status, after=self.after, before=self.before, cap=self.cap)

    def is_settled(self, figure: int) -> bool:
        """Whether the figure is at its cap and of all statuses: only by deleting orders can it fall below."""
        return self.status is None and figure >= self.cap


class Bar(NamedTuple):
    label: str
    text: str
    height: int
    top: int
    url: str


@require_safe
@page(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """The figures if they are kept; else the page at once, which then asks for them to be counted (`?count=1`)."""
    now = read_clock()
    today = timezone.localdate(now)
    cards, days, hours = _card_counts(now, today), list(_day_counts(today)), list(_hour_counts(now))
    counts = [*cards, *days, *hours]
    kept = _kept(counts)
    if len(kept) < len(set(counts)) and "count" not in request.GET:
        return render(request, "dashboard/overview.html", {"title": _("Overview")})
    figures = _answers(counts, kept)
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


def _kept(counts: Sequence[Count]) -> dict[Count, int]:
    """The figures that need no counting now; instants are cut to the minute so that they are asked for again."""
    return {count: figure for count in counts if (figure := cache.get(_key(count))) is not None}


def _answers(counts: Sequence[Count], kept: dict[Count, int]) -> list[int]:
    """What is not kept is counted, all at once."""
    found = dict(kept)
    missing = [count for count in dict.fromkeys(counts) if count not in found]
    if missing:
        for count, figure in zip(missing, listing.together(Count.answer, missing), strict=True):
            cache.set(_key(count), figure, CAPPED_SECONDS if count.is_settled(figure) else KEPT_SECONDS)
            found[count] = figure
    return [found[count] for count in counts]


def _key(count: Count) -> str:
    after, before = (instant.isoformat() if instant else "" for instant in (count.after, count.before))
    return f"orders.overview|{count.status or ''}|{after}|{before}|{count.cap}".replace(" ", "")


def _card_counts(now: datetime, today: date) -> list[Count]:
    minute = now.replace(second=0, microsecond=0)
    return [
        Count(Status.PENDING, None, None),
        Count(Status.PROCESSING, None, None),
        Count(Status.PENDING, None, minute - expiry_age() + EXPIRY_WARNING),
        _day_count(today),
    ]


def _day_counts(today: date) -> Iterator[Count]:
    for ago in reversed(range(DAYS)):
        yield _day_count(today - timedelta(days=ago))


def _day_count(day: date) -> Count:
    return Count(None, midnight(day), midnight(day + timedelta(days=1)))


def _hour_counts(now: datetime) -> Iterator[Count]:
    """What is PENDING by the hour in which it will expire: an order of the hour h expires at h + the expiry age."""
    for hour in _hours(now):
        yield Count(Status.PENDING, hour - expiry_age(), hour + HOUR - expiry_age(), HOURS_CAP)


def _hours(now: datetime) -> Iterator[datetime]:
    first = now.replace(minute=0, second=0, microsecond=0)
    # The first hour has begun and so has the last: one more than there are hours ahead.
    for ahead in range(_hours_ahead() + 1):
        yield first + ahead * HOUR


def _hours_ahead() -> int:
    return min(HOURS, int(expiry_age() / HOUR))


def _cards(figures: Sequence[int], now: datetime, today: date) -> list[dict[str, Any]]:
    pending, processing, expiring, placed = figures
    day = today.isoformat()
    expiring_url = _list(status=Status.PENDING, expires_before=(now + EXPIRY_WARNING).isoformat(timespec="minutes"))
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
    labels = [date_format(day, "j M") for day in days]
    urls = [_list(created_from=day.isoformat(), created_to=day.isoformat()) for day in days]
    return _bars(labels, figures, urls, cap=listing.COUNT_CAP)


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

"""The list's filters in the URL: parsing them, describing them and building links with other filters."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from orders.dashboard.forms import FilterForm
from orders.lifecycle import Status
from orders.listing import Filters
from orders.models import expiry_age
from orders.templatetags.orders_display import status_label
from orders.text import trimmed, visible

FILTER_NAMES = ("status", "customer_email", "created_from", "created_to", "expires_after", "expires_before")
NAMES = (*FILTER_NAMES, "cursor")
SEARCH_NAME = "q"
"""The search's parameter. People also add it to the list's URL."""


class Chip(NamedTuple):
    """An active filter as text, and the URL of the list without it."""

    text: str
    without: str


class Query:
    """The list's query string: validated filters and the cursor."""

    def __init__(self, params: QueryDict) -> None:
        self.values: dict[str, str] = {name: str(params[name]) for name in NAMES if params.get(name)}
        self.unknown = [name for name in params if name not in NAMES]
        """Parameters that are not filters of the list, such as `limit`. They are ignored."""
        self.search_term = trimmed(str(params.get(SEARCH_NAME, "")))
        self.form = FilterForm(self.values)
        self.is_valid = self.form.is_valid()

    @classmethod
    def parse(cls, text: str) -> "Query":
        return cls(QueryDict(text))

    @property
    def is_only_search(self) -> bool:
        return bool(self.search_term) and not self.values and self.unknown == [SEARCH_NAME]

    @property
    def cursor(self) -> str | None:
        return self.values.get("cursor")

    @property
    def status(self) -> Status | None:
        chosen = self.form.cleaned_data.get("status")
        return Status(chosen) if chosen else None

    @property
    def is_filtered(self) -> bool:
        return any(name in self.values for name in FILTER_NAMES)

    @property
    def is_narrowed(self) -> bool:
        """By more than the status."""
        return any(name in self.values for name in FILTER_NAMES if name != "status")

    def filters(self) -> Filters:
        """The filters of a valid form."""
        values = self.form.cleaned_data
        first, last = values.get("created_from"), values.get("created_to")
        after, before = values.get("expires_after"), values.get("expires_before")
        # Orders expire at a fixed age, so a range of expiry times is a range of creation times.
        starts = [midnight(first)] if first else []
        starts += [after - expiry_age()] if after else []
        ends = [midnight(last + timedelta(days=1))] if last else []
        ends += [before - expiry_age()] if before else []
        start, end = max(starts, default=None), min(ends, default=None)
        # Ranges that do not overlap match nothing.
        end = start if start and end and end < start else end
        return Filters(
            status=self.status,
            customer_email=values.get("customer_email") or None,
            created_after=start,
            created_before=end,
        )

    def text(self, **changes: str | None) -> str:
        """The query string with these changes; None removes a value. If a filter changes, the cursor is removed."""
        values: dict[str, str | None] = {**self.values, **changes}
        if changes.keys() & set(FILTER_NAMES):
            values["cursor"] = changes.get("cursor")
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in values.items() if value})
        return query.urlencode()

    def url(self, **changes: str | None) -> str:
        text = self.text(**changes)
        return reverse("dashboard:list") + (f"?{text}" if text else "")

    def chips(self) -> Iterator[Chip]:
        values = self.form.cleaned_data
        if self.status:
            yield Chip(_("Status: %s") % status_label(self.status), self.url(status=None))
        if email := values.get("customer_email"):
            yield Chip(_("Customer: %s") % visible(email), self.url(customer_email=None))
        if first := values.get("created_from"):
            yield Chip(_("From %s") % date_format(first), self.url(created_from=None))
        if last := values.get("created_to"):
            yield Chip(_("Up to %s") % date_format(last), self.url(created_to=None))
        if after := values.get("expires_after"):
            yield Chip(_("Expires from %s") % _local_time(after), self.url(expires_after=None))
        if before := values.get("expires_before"):
            yield Chip(_("Expires before %s") % _local_time(before), self.url(expires_before=None))


def _local_time(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "DATETIME_FORMAT")


def midnight(day: date) -> datetime:
    """The start of that day in the user's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))

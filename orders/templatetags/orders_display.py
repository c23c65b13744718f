"""Template tags and filters that display orders: texts, instants in the user's zone, ages, statuses and authors."""

from datetime import UTC, datetime, timedelta
from typing import cast

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import npgettext_lazy, pgettext

from orders.counts import COUNT_CAP
from orders.lifecycle import EXPIRING_SOON, Status
from orders.message import Message
from orders.models import OUTSIDE, Order
from orders.reading import StoredOrder, UnreadableOrder
from orders.text import code_point, describe_character, pieces, visible

MINUTE = timedelta(minutes=1)
AGO = {
    "year": npgettext_lazy("time ago", "%(num)d year", "%(num)d years", "num"),
    "month": npgettext_lazy("time ago", "%(num)d month", "%(num)d months", "num"),
    "week": npgettext_lazy("time ago", "%(num)d week", "%(num)d weeks", "num"),
    "day": npgettext_lazy("time ago", "%(num)d day", "%(num)d days", "num"),
    "hour": npgettext_lazy("time ago", "%(num)d hour", "%(num)d hours", "num"),
    "minute": npgettext_lazy("time ago", "%(num)d minute", "%(num)d minutes", "num"),
}
"""Units for “3 days ago”. Some languages inflect them here, but not in “3 days left”."""

register = template.Library()


@register.filter
def user_text(text: object) -> SafeString:
    """A text from a user, isolated so that its writing direction does not affect the text around it.

    Stored texts may contain hidden characters. They are shown as codes, because a direction override could break out of
    the element.
    """
    shown = (_hidden(piece) if is_hidden else escape(piece) for piece, is_hidden in pieces(str(text)))
    return format_html("<bdi>{}</bdi>", format_html_join("", "{}", ((piece,) for piece in shown)))


@register.filter
def plain_text(text: object) -> str:
    """The text with hidden characters as codes but without markup, for example for the title of a page."""
    return visible(str(text))


def _hidden(character: str) -> SafeString:
    return format_html(
        '<span class="o-code" title="{}">{}</span>', describe_character(character).translated(_), code_point(character)
    )


@register.filter
def translated(message: Message) -> str:
    return message.translated(_)


@register.filter
def moment(instant: datetime) -> SafeString:
    """The instant in the user's time zone, with the exact time in UTC as the tooltip."""
    return _time(instant, date_format(timezone.localtime(instant), "DATETIME_FORMAT"))


@register.simple_tag
def age(instant: datetime, now: datetime) -> SafeString:
    if now - instant < MINUTE:
        return _time(instant, _("just now"))
    # The stubs of timesince do not know that it accepts lazy texts.
    since = timesince(instant, now, time_strings=cast("dict[str, str]", AGO), depth=1)
    return _time(instant, _("%s ago") % since)


@register.inclusion_tag("dashboard/time_left.html")
def time_left(order: StoredOrder, now: datetime) -> dict[str, object]:
    """The time until a PENDING order expires; nothing for other orders."""
    if isinstance(order, UnreadableOrder):
        return {"expires_at": None}
    left = order.expires_at - now if order.expires_at else None
    return {
        "order": order,
        "expires_at": order.expires_at,
        "utc": _in_utc(order.expires_at) if order.expires_at else "",
        "overdue": left is not None and left <= timedelta(0),
        "soon": left is not None and left <= EXPIRING_SOON,
        "text": _duration(now, order.expires_at) if order.expires_at else "",
    }


@register.filter
def status_label(value: str) -> str:
    """The status in the user's language. In English it is the code that the API uses."""
    labels = {
        Status.PENDING: pgettext("order status", "PENDING"),
        Status.PROCESSING: pgettext("order status", "PROCESSING"),
        Status.COMPLETED: pgettext("order status", "COMPLETED"),
        Status.CANCELLED: pgettext("order status", "CANCELLED"),
        Status.EXPIRED: pgettext("order status", "EXPIRED"),
    }
    return labels[Status(value)]


@register.inclusion_tag("dashboard/status.html")
def status(value: str) -> dict[str, str]:
    return {"status": status_label(value), "kind": value.lower()}


@register.inclusion_tag("dashboard/status.html")
def order_status(order: StoredOrder) -> dict[str, str]:
    """The order's status, or "Unreadable" if it cannot be read."""
    return status(order.status) if isinstance(order, Order) else {"status": _("Unreadable"), "kind": "unreadable"}


@register.filter
def capped(count: int) -> str:
    """A count, with “999+” for the cap or more."""
    return number_format(count, force_grouping=True) if count < COUNT_CAP else f"{COUNT_CAP - 1}+"


@register.filter
def author(by: str) -> SafeString:
    """The author of a change, such as `staff:anna`, `api-key:shop`, `system:expire_orders` or OUTSIDE, for display."""
    if by == OUTSIDE:
        return escape(_("another program, detected on"))
    kind, _colon, name = by.partition(":")
    formats = {"staff": _("{} (staff)"), "api-key": _("{} (API key)"), "system": _("the system ({})")}
    return format_html(formats[kind], user_text(name)) if kind in formats else user_text(by)


def _time(instant: datetime, text: str) -> SafeString:
    utc = instant.astimezone(UTC)
    return format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(), _in_utc(utc), text)


def _in_utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _duration(start: datetime, end: datetime) -> str:
    return timesince(start, end, depth=2) if end - start >= MINUTE else _("less than a minute")

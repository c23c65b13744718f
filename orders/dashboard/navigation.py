"""Unfold's hooks: the sidebar with the pages that the user may open, and orders in the command palette."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from accounts.permissions import ADD, VIEW
from orders.dashboard.search import resolve


def stylesheet(request: HttpRequest) -> str:
    return static("orders/dashboard.css")


def script(request: HttpRequest) -> str:
    return static("orders/dashboard.js")


def site_url(request: HttpRequest) -> str | None:
    """The target of "View site"; None for a user who may not see orders."""
    return reverse("dashboard:list") if _may(request, VIEW.perm) else None


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    may = partial(_may, request)
    groups = [
        (
            _("Orders"),
            [
                (_("All orders"), "receipt_long", "dashboard:list", may(VIEW.perm)),
                (_("Overview"), "monitoring", "dashboard:overview", may(VIEW.perm)),
                (_("New order"), "add_circle", "dashboard:create", may(ADD.perm)),
                (_("API documentation"), "api", "docs", may(VIEW.perm)),
            ],
        ),
        (
            _("Access"),
            [
                (_("Users"), "person", "admin:accounts_user_changelist", may("accounts.view_user")),
                (_("Groups"), "group", "admin:auth_group_changelist", may("auth.view_group")),
                (_("API keys"), "key", "admin:accounts_apikey_changelist", may("accounts.view_apikey")),
                (_("Login failures"), "gpp_bad", "admin:axes_accessattempt_changelist", may("axes.view_accessattempt")),
            ],
        ),
    ]
    shown = ({"title": title, "items": _items(request, entries)} for title, entries in groups)
    return [group for group in shown if group["items"]]


def _may(request: HttpRequest, perm: str) -> bool:
    """Whether the user is staff, as every page requires, and has the permission."""
    return request.user.is_staff and request.user.has_perm(perm)


def _items(request: HttpRequest, entries: list[tuple[str, str, str, bool]]) -> list[dict[str, Any]]:
    return [
        {"title": title, "icon": icon, "link": reverse(name), "active": _is_active(request, reverse(name))}
        for title, icon, name, allowed in entries
        if allowed
    ]


def _is_active(request: HttpRequest, link: str) -> bool:
    if link == reverse("dashboard:list"):
        others = (reverse("dashboard:overview"), reverse("dashboard:create"))
        return request.path.startswith(link) and request.path not in others
    return request.path.startswith(link)


def command_results(request: HttpRequest, term: str) -> list[SearchResult]:
    """The order or the customer's orders that the term identifies."""
    found = resolve(term) if request.user.has_perm(VIEW.perm) else None
    if found is None:
        return []
    return [SearchResult(title=term, description=found.description, link=found.url, icon="receipt_long")]

"""No page in German contains an English text.

Each page is rendered in both languages. A text that is equal in both is not translated, unless it is data or a word
that both languages share. Common English words, and the codes of statuses, reveal a text that is only partly
translated.
"""

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import ApiKey, User
from orders import store
from orders.lifecycle import Status
from ordersite import error_views
from tests.contract.order_helpers import overwrite, placed
from tests.dashboard.conftest import no_dynamodb

__all__ = ["no_dynamodb"]

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"

NO_TEXT = ("script", "style", "svg", "code", "pre", "kbd")
# The data attributes are texts for style sheets and scripts.
SCRIPT_TEXTS = ("data-label", "data-done", "data-invalid-key", "data-menu", "data-no-match", "data-selected")
TEXT_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", *SCRIPT_TEXTS)
BUTTONS = ("submit", "button", "reset")

EQUAL_IN_GERMAN = {"(optional)", "Axes", "Dashboard", "Filter", "Name", "Status", "System", "Version"}
DATA = {"an", "ann", "anna", "anna@example.com", "anonymous", "na", "none"}
DATA |= {"order managers", "order viewers", "shop", "teapot"}
# The last one is the name that axes gives a row of its table, which cannot be translated.
FORMATS = re.compile(r"[0-9a-f]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC|Attempted Access: .*")
ENGLISH = re.compile(
    r"\b(the|of|to|are|your|you|this|that|with|from|cannot|and|for|not|been|have|has|were)\b"
    rf"|\b({'|'.join(Status)})\b",
    re.IGNORECASE,
)


class Texts(HTMLParser):
    """The texts of a page that a person reads or hears."""

    def __init__(self, response):
        super().__init__()
        self.texts = set()
        self._skipped = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        # The text of such an element is the name of an icon.
        if tag in NO_TEXT or "material-symbols-outlined" in (attributes.get("class") or ""):
            self._skipped.append(tag)
        for name in TEXT_ATTRIBUTES:
            self._add(attributes.get(name))
        if tag == "input" and attributes.get("type") in BUTTONS:
            self._add(attributes.get("value"))

    def handle_endtag(self, tag):
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data):
        if not self._skipped:
            self._add(data)

    def _add(self, text):
        text = " ".join((text or "").split())
        if re.search("[A-Za-z]{2}", text):
            self.texts.add(text)


def not_translated(english, german):
    """The texts of the German page that are English."""
    assert (german.status_code, german["Content-Type"]) == (english.status_code, "text/html; charset=utf-8")
    texts = Texts(german).texts
    assert texts
    equal = {
        text
        for text in texts & Texts(english).texts
        if text not in EQUAL_IN_GERMAN and text.lower() not in DATA and not FORMATS.fullmatch(text)
    }
    return equal | {text for text in texts if ENGLISH.search(text)}


class Visitor:
    """A browser in one language, signed in as an administrator at first."""

    def __init__(self, language):
        headers = {"Accept": BROWSER, "Accept-Language": language}
        self.browser = Client(headers=headers)
        self.sign_in(is_superuser=True)

    def sign_in(self, *groups, is_staff=True, is_superuser=False):
        self.user = User.objects.create_user(f"user{uuid4().hex[:6]}", is_staff=is_staff, is_superuser=is_superuser)
        self.user.groups.set(Group.objects.filter(name__in=groups))
        self.browser.force_login(self.user)
        return self

    def sign_out(self):
        self.browser.logout()
        return self

    def get(self, path, **query):
        return self.browser.get(path, query, follow=True)

    def post(self, path, **data):
        return self.browser.post(path, data, follow=True)


def order_page(order, page=""):
    return f"/dashboard/orders/{order.order_id}/{page}"


def admin(name, *args):
    return reverse(f"admin:{name}", args=args)


def moved():
    order = placed()
    store.change_status(order.order_id, Status.PROCESSING, at=timezone.now(), by="staff:anna")
    return order


def unreadable():
    order = placed()
    overwrite(order.order_id, quantity={"S": "a couple"}, status={"S": "SHIPPED"}, item=None)
    return order


def one_of_each_kind():
    return [*(placed(status=status) for status in Status), moved(), unreadable()]


def key(**fields):
    return ApiKey.objects.create_key(name="shop", **fields)[0]


def login_failure():
    row, _ = AccessAttempt.objects.get_or_create(
        username="anna", ip_address="192.0.2.1", user_agent="-", failures_since_start=1, path_info="/"
    )
    return row


def locked_out(visitor):
    for _ in range(5):
        response = visitor.sign_out().post("/admin/login/", username="anna", password="wrong")
    return response


LIST, BULK_PREVIEW, BULK_APPLY = "/dashboard/", "/dashboard/bulk/preview/", "/dashboard/bulk/apply/"
NEW_ORDER = "/dashboard/orders/new/"
LOGIN = "/admin/login/"
USERS, KEYS = "accounts_user_changelist", "accounts_apikey_changelist"

DASHBOARD = {
    "empty list": lambda v: v.get(LIST),
    "list": lambda v: (one_of_each_kind(), v.get(LIST))[1],
    "list for a viewer": lambda v: v.sign_in("Order viewers").get(LIST),
    "list without matches": lambda v: v.get(
        LIST,
        status="PENDING",
        customer_email="anna@example.com",
        created_from="2026-01-01",
        created_to="2026-01-02",
        expires_after="2026-01-02T00:00:00Z",
        expires_before="2026-01-03T00:00:00Z",
    ),
    "list with invalid filters": lambda v: v.get(
        LIST, status="X", customer_email="x", created_from="x", created_to="2026-01-02", expires_after="x", limit="3"
    ),
    "list with filters in the wrong order": lambda v: v.get(LIST, created_from="2026-01-02", created_to="2026-01-01"),
    "list with a search term": lambda v: v.get(LIST, q="x", status="PENDING"),
    "tabs": lambda v: v.browser.get("/dashboard/counts/", headers={"HX-Request": "true"}),
    "live update": lambda v: v.get("/dashboard/live/", id=[order.order_id for order in one_of_each_kind()]),
    "overview": lambda v: v.get("/dashboard/overview/"),
    "overview with figures": lambda v: (placed(), v.get("/dashboard/overview/", count="1"))[1],
    "search": lambda v: v.get("/dashboard/search/", q="an\u200bna"),
    "new order": lambda v: v.get(NEW_ORDER),
    "invalid new order": lambda v: v.post(
        NEW_ORDER, token=uuid4(), item="x\u200by", quantity="1.0", customer_name="\x07", customer_email="x"
    ),
    "new order that is too long": lambda v: v.post(
        NEW_ORDER, token="", item="x" * 201, quantity="0", customer_email="a@-\u00fc.de"
    ),
    "placed order": lambda v: v.post(NEW_ORDER, token=uuid4(), item="Teapot", quantity="1"),
    "order": lambda v: v.get(order_page(placed())),
    "moved order": lambda v: v.get(order_page(moved())),
    "completed order": lambda v: v.get(order_page(placed(status=Status.COMPLETED))),
    "unreadable order": lambda v: v.get(order_page(unreadable())),
    "missing order": lambda v: v.get("/dashboard/orders/none/"),
    "start processing": lambda v: v.get(order_page(placed(), "status/"), to="PROCESSING", version="1"),
    "cancel": lambda v: v.get(order_page(placed(), "status/"), to="CANCELLED", version="1"),
    "cancelled": lambda v: v.post(order_page(placed(), "status/"), to="CANCELLED", version="1"),
    "illegal change": lambda v: v.get(order_page(placed(), "status/"), to="COMPLETED", version="1"),
    "conflict": lambda v: v.post(order_page(moved(), "status/"), to="CANCELLED", version="1"),
    "invalid change": lambda v: v.post(order_page(placed(), "status/"), to="X", version="x"),
    "delete": lambda v: v.get(order_page(placed(), "delete/"), version="1"),
    "deleted": lambda v: v.post(order_page(placed(), "delete/"), version="1"),
    "delete a moved order": lambda v: v.post(order_page(moved(), "delete/"), version="1"),
    "delete an unreadable order": lambda v: v.get(order_page(unreadable(), "delete-unreadable/")),
    "nothing selected": lambda v: v.post(BULK_PREVIEW, action="cancel"),
    "no action": lambda v: v.post(BULK_PREVIEW, action="", id=placed().order_id),
    "too many selected": lambda v: v.post(BULK_PREVIEW, action="cancel", id=list(range(101))),
    "cancel several": lambda v: v.post(
        BULK_PREVIEW, action="cancel", id=["none", *(order.order_id for order in one_of_each_kind())]
    ),
    "delete several": lambda v: v.post(BULK_PREVIEW, action="delete", id=[placed().order_id, placed().order_id]),
    "several cancelled": lambda v: v.post(
        BULK_APPLY, action="cancel", seen=["none:1", *(f"{order.order_id}:1" for order in one_of_each_kind())]
    ),
    "several deleted": lambda v: v.post(BULK_APPLY, action="delete", seen=f"{placed().order_id}:1"),
    "for a user who is not staff": lambda v: v.sign_in(is_staff=False).get(LIST),
    "for a user without permissions": lambda v: v.sign_in().get(LIST),
    "forbidden form": lambda v: v.sign_in("Order viewers").get(NEW_ORDER),
    "forbidden action": lambda v: v.sign_in("Order viewers").post(BULK_PREVIEW, action="cancel", id=placed().order_id),
}

ADMIN = {
    "index": lambda v: v.get("/admin/"),
    "index for a viewer": lambda v: v.sign_in("Order viewers").get("/admin/"),
    "app": lambda v: v.get("/admin/accounts/"),
    "login": lambda v: v.sign_out().get(LOGIN),
    "wrong password": lambda v: v.sign_out().post(LOGIN, username="anna", password="wrong"),
    "locked out": locked_out,
    "login of a user who is not staff": lambda v: v.sign_in(is_staff=False).get(LOGIN),
    "logged out": lambda v: v.post("/admin/logout/"),
    "own password": lambda v: v.get("/admin/password_change/"),
    "users": lambda v: v.get(admin(USERS)),
    "users without matches": lambda v: v.get(admin(USERS), q="none", is_staff__exact="1"),
    "new user": lambda v: v.get(admin("accounts_user_add")),
    "invalid new user": lambda v: v.post(admin("accounts_user_add"), username="a b", password1="x", password2="y"),
    "user": lambda v: v.get(admin("accounts_user_change", v.user.pk)),
    "password of a user": lambda v: v.get(admin("auth_user_password_change", v.user.pk)),
    "history of a user": lambda v: v.get(admin("accounts_user_history", v.user.pk)),
    "delete user": lambda v: v.get(admin("accounts_user_delete", v.user.pk)),
    "delete users": lambda v: v.post(admin(USERS), action="delete_selected", _selected_action=v.user.pk),
    "no action on users": lambda v: v.post(admin(USERS), action="", _selected_action=v.user.pk),
    "groups": lambda v: v.get(admin("auth_group_changelist")),
    "new group": lambda v: v.get(admin("auth_group_add")),
    "keys": lambda v: (key(), key(revoked=True), v.get(admin(KEYS)))[2],
    "keys without matches": lambda v: v.get(admin(KEYS), status="active", access="read-only", q="x"),
    "new key": lambda v: v.get(admin("accounts_apikey_add")),
    "key with a long name": lambda v: v.post(
        admin("accounts_apikey_add"), name="x" * 51, access="x", expiry_date_0="2020-01-01", expiry_date_1="00:00"
    ),
    "key without a name": lambda v: v.post(
        admin("accounts_apikey_add"), name="\u200b", access="read-only", expiry_date_0="x", expiry_date_1="y"
    ),
    "key with a hidden character": lambda v: v.post(admin("accounts_apikey_add"), name="a\u200bb", access="read-only"),
    "created key": lambda v: v.post(admin("accounts_apikey_add"), name="shop", access="read-only"),
    "key": lambda v: v.get(admin("accounts_apikey_change", key().pk)),
    "changed key": lambda v: v.post(admin("accounts_apikey_change", key().pk), name="shop", access="read-only"),
    "revoked key": lambda v: v.get(admin("accounts_apikey_change", key(revoked=True).pk)),
    "revoke keys": lambda v: v.post(admin(KEYS), action="revoke", _selected_action=key().pk),
    "delete key": lambda v: v.get(admin("accounts_apikey_delete", key().pk)),
    "missing key": lambda v: v.get(admin("accounts_apikey_change", "none")),
    "login failures": lambda v: (login_failure(), v.get(admin("axes_accessattempt_changelist")))[1],
    "login failure": lambda v: v.get(admin("axes_accessattempt_change", login_failure().pk)),
    "forbidden": lambda v: v.sign_in("Order viewers").get(admin(USERS)),
    "command palette": lambda v: v.get("/admin/search/", s="x", extended="1"),
    "command palette with a result": lambda v: v.get("/admin/search/", s="anna@example.com", extended="1"),
}

OTHERS = {
    "docs": lambda v: v.get("/docs"),
    "docs for a stranger": lambda v: v.sign_out().get("/docs"),
    "docs for a user without permissions": lambda v: v.sign_in().get("/docs"),
    "missing page": lambda v: v.get("/nothing"),
    "unsupported method": lambda v: v.browser.delete(LIST),
    "too many fields": lambda v: v.get(LIST, **{str(number): "" for number in range(1001)}),
    "large body": lambda v: v.post(BULK_PREVIEW, x="x" * 3_000_000),
    "other charset": lambda v: v.browser.post(LIST, b"x", content_type="text/plain; charset=latin1"),
    "compressed body": lambda v: v.browser.post(
        LIST, b"x", content_type="text/plain", headers={"Content-Encoding": "gzip"}
    ),
    "unknown host": lambda v: v.browser.get("/admin/", headers={"Host": "unknown.example"}),
}


def check(visit):
    assert not_translated(visit(Visitor("en")), visit(Visitor("de"))) == set()


@pytest.mark.parametrize("name", DASHBOARD)
def test_the_dashboard_is_translated(table, db, name):
    check(DASHBOARD[name])


@pytest.mark.parametrize("name", ADMIN)
def test_the_admin_is_translated(table, db, name):
    check(ADMIN[name])


@pytest.mark.parametrize("name", OTHERS)
def test_other_pages_are_translated(table, db, name):
    check(OTHERS[name])


@pytest.mark.parametrize("view", [error_views.server_error, error_views.timed_out])
@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_for_failures_are_translated(db, view, method):
    def respond(language):
        request = getattr(RequestFactory(headers={"Accept": BROWSER}), method)("/dashboard/")
        with translation.override(language):
            return view(request)

    assert not_translated(respond("en"), respond("de")) == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_during_an_outage_of_dynamodb_are_translated(no_dynamodb, db, method):
    path = "/dashboard/orders/1/status/"
    check(lambda visitor: getattr(visitor, method)(path, to="CANCELLED", version="1"))


def test_the_page_about_a_missing_csrf_token_is_translated(table, db):
    def visit(visitor):
        visitor.browser.handler.enforce_csrf_checks = True
        return visitor.post(LOGIN, username="anna", password="wrong")

    check(visit)


@pytest.mark.parametrize(
    ("english", "german", "found"),
    [
        ("<p>Orders</p>", "<p>Bestellungen</p>", set()),
        ("<p>Orders</p>", "<p>Orders</p>", {"Orders"}),
        ('<a title="New order">3</a>', '<a title="New order">3</a>', {"New order"}),
        ("<p>3 of 5</p>", "<p>drei of 5</p>", {"drei of 5"}),
        ("<p>shop <code>orders</code></p>", "<p>shop <code>orders</code></p>", set()),
    ],
)
def test_an_english_text_is_found(english, german, found):
    assert not_translated(HttpResponse(english), HttpResponse(german)) == found

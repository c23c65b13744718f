# ruff: noqa: RUF001 (wide characters are the point)
"""The CSV export: complete, in order, and safe to open in a spreadsheet."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from orders.dashboard import export
from orders.dashboard.export import defused, file_name
from orders.dashboard.filters import Query
from orders.lifecycle import Status
from tests.contract.fault_proxy import aws_error
from tests.contract.order_helpers import NOW, ids, place_many, placed, put
from tests.dashboard.html_page import get_page
from tests.dashboard.test_detail import FORMER_ID, former

EXPORT = "/dashboard/export.csv"
DOCS = Path(__file__).parents[2] / "docs" / "dashboard.md"


def rows(response):
    assert response.status_code == 200
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content[1:], newline="")))


def exported(browser, **filters):
    return rows(browser.get(f"{EXPORT}?{urlencode(filters)}"))[1:]


def test_an_order_is_a_row_with_every_field_in_utc(anna):
    zoe = {"customer_name": 'Zoë "Z" Ünal', "customer_email": "Zoe@example.com"}
    order = placed(item="Teekanne ☕, blau\nzwei", quantity=12, status=Status.EXPIRED, **zoe)
    anna.cookies["timezone"] = "Asia/Kolkata"
    response = anna.get(EXPORT)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="orders-as-of-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"], re.ASCII
    )
    assert response["Cache-Control"] == "no-store"
    instant = "2026-11-22T10:15:30.123456Z"
    values = ["Teekanne ☕, blau\nzwei", "12", 'Zoë "Z" Ünal', "Zoe@example.com", instant, instant, instant]
    assert rows(response) == [list(export.HEADINGS), [order.order_id, "EXPIRED", *values]]


def test_orders_that_have_not_expired_leave_that_cell_empty(anna):
    placed()
    [row] = exported(anna)
    assert row[-1] == ""


def test_an_order_of_the_former_system_that_is_in_an_index_is_exported_like_any_other(anna):
    former()
    keys = {"listing_key": "ORDERS#0", "created_key": f"2026-11-20T10:15:30.123456Z#{FORMER_ID}"}
    put(
        {
            "order_id": {"S": FORMER_ID},
            "item": {"S": "Teapot"},
            "quantity": {"N": "2"},
            "status": {"S": "PENDING"},
            "created_at": {"S": "2026-11-20T10:15:30.123456"},
            **{name: {"S": value} for name, value in keys.items()},
        }
    )
    [row] = exported(anna)
    assert row[-3:-1] == ["2026-11-20T10:15:30.123456Z"] * 2


def test_the_export_contains_all_pages_of_the_list_in_its_order(anna):
    orders = place_many(230)
    page = get_page(anna, get_page(anna, "/dashboard/").link("Older"))
    link = page.link("Export CSV")
    assert [row[0] for row in rows(anna.get(link))[1:]] == ids(orders)


def test_the_export_applies_the_filters(anna):
    wanted = placed(customer_email="zoe@example.com")
    placed(customer_email="zoe@example.com", status=Status.COMPLETED)
    placed(customer_email="zoe@example.com", at=NOW - timedelta(days=9))
    placed()
    filters = {"status": "PENDING", "customer_email": "ZOE@example.com", "created_from": "2026-11-20"}
    assert [row[0] for row in exported(anna, **filters)] == [wanted.order_id]


def test_an_empty_export_has_the_headings(anna):
    assert rows(anna.get(EXPORT)) == [list(export.HEADINGS)]


def test_an_invalid_filter_redirects_to_the_list_which_shows_the_error(anna):
    response = anna.get(f"{EXPORT}?status=SHIPPED")
    assert (response.status_code, response["Location"]) == (302, "/dashboard/?status=SHIPPED")


# --- The file's name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        ({}, "orders-as-of-2026-11-23.csv"),
        ({"status": "pending"}, "orders-pending-as-of-2026-11-23.csv"),
        (
            {"status": "PENDING", "created_from": "2026-11-01", "created_to": "2026-11-24"},
            "orders-pending-2026-11-01-to-2026-11-24.csv",
        ),
        ({"created_from": "2026-11-01", "created_to": "2026-11-01"}, "orders-2026-11-01.csv"),
        ({"created_from": "2026-11-01"}, "orders-from-2026-11-01.csv"),
        ({"created_to": "2026-11-01"}, "orders-to-2026-11-01.csv"),
        ({"customer_email": "Zoe.Kim@Example.com"}, "orders-zoe.kim-at-example.com-as-of-2026-11-23.csv"),
        ({"customer_email": "inf@bücher.example"}, "orders-inf-at-xn-bcher-kva.example-as-of-2026-11-23.csv"),
        (
            {"status": "PENDING", "expires_before": "2026-11-23T06:00+00:00"},
            "orders-pending-expiring-before-2026-11-23-1130-as-of-2026-11-23.csv",
        ),
        (
            {"expires_after": "2026-11-23T05:00Z", "expires_before": "2026-11-23T06:00Z"},
            "orders-expiring-from-2026-11-23-1030-expiring-before-2026-11-23-1130-as-of-2026-11-23.csv",
        ),
    ],
)
def test_the_file_name_describes_the_export_in_the_users_time_zone(filters, name):
    query = Query(QueryDict(urlencode(filters)))
    assert query.is_valid
    with timezone.override("Asia/Kolkata"):
        assert file_name(query, at=datetime(2026, 11, 22, 18, 45, tzinfo=UTC)) == name


def test_the_file_name_contains_only_letters_digits_and_safe_characters(anna):
    for email in ("a'b`c%d$e/f@example.com", '"a/b"@example.com', f"{'x' * 64}@{'example.' * 20}com"):
        response = anna.get(EXPORT, {"customer_email": email, "created_from": "2026-11-01"})
        assert response.status_code == 200
        disposition = re.fullmatch('attachment; filename="([a-z0-9.-]+)"', response["Content-Disposition"])
        assert disposition
        assert len(disposition[1]) < 120


# --- Formulas ---------------------------------------------------------------------------------------------------------

FORMULAS = [
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("＝1+1", "'＝1+1"),
    ("＋1", "'＋1"),
    ("－1", "'－1"),
    ("＠A1", "'＠A1"),
    ("\ufe661", "'\ufe661"),
    (" =1", " '=1"),
    ("\xa0=1", "\xa0'=1"),
    ("\ufeff=1", "\ufeff'=1"),
    ("\u200b=1", "\u200b'=1"),
    ("'=1", "''=1"),
    ('"=1"', '"\'=1"'),
    ("\t=1", "\t'=1"),
    ("\r=1", "\r'=1"),
    ("\n=1", "\n'=1"),
    ("Mug;=1+1;blue", "Mug;'=1+1;blue"),
    ("Mug; \xa0=1+1;blue", "Mug; \xa0'=1+1;blue"),
    ('Mug;"=1+1";blue', 'Mug;"\'=1+1";blue'),
    ("Mug;＝1+1", "Mug;'＝1+1"),
    ("Mug,-1", "Mug,'-1"),
    ("Mug\t+1", "Mug\t'+1"),
    ("Mug|@A1", "Mug|'@A1"),
    ("Mug\n=1\r=2\r\n=3", "Mug\n'=1\r'=2\r\n'=3"),
    ("Mug\v=1\f=2\x85=3\u2028=4\u2029=5", "Mug\v'=1\f'=2\x85'=3\u2028'=4\u2029'=5"),
    ('Mug"=1', "Mug\"'=1"),
    ("a;=b;=c", "a;'=b;'=c"),
    (";;=1", ";;'=1"),
]


@pytest.mark.parametrize(("text", "safe"), FORMULAS)
def test_an_apostrophe_is_added_before_anything_that_a_spreadsheet_might_run(text, safe):
    assert defused(text) == safe


@pytest.mark.parametrize(
    "text",
    ["", "Teapot", "a=b", "1-1", "Zoe - Ann", "Glasses +1.5", "anna@example.com", "a;b", "'a", "Café 'x' -y", "☕"],
)
def test_any_other_cell_is_unchanged(text):
    assert defused(text) == text


@given(st.text("=+-@＝;,|\"'\t\n\r\u2028\xa0\ufeff ab1"))
def test_the_code_in_docs_dashboard_md_restores_the_text(text):
    [pattern] = re.findall(r'r"""(.*?)"""', DOCS.read_text())
    assert re.sub(pattern, r"\1\2", defused(text)) == text


@given(st.text("=+-@＝;,|\"'\t\n\r\u2028\xa0\ufeff ab1"))
def test_no_cell_starts_with_a_formula_however_the_line_is_split(text):
    line = io.StringIO()
    csv.writer(line).writerow(["id", defused(text), "2"])
    for cell in re.split('[;,|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029"]', line.getvalue()):
        assert not re.match("[\\s\ufeff]*[=+\\-@＝]", cell), (line.getvalue(), cell)


@pytest.mark.parametrize("text", ['"' * 400_000, "\n" * 400_000, " ;" * 200_000], ids=["quotes", "lines", "separators"])
def test_the_longest_item_of_a_table_is_scanned_in_linear_time(text):
    """DynamoDB accepts 400 KB. Quadratic time would take an hour."""
    began = perf_counter()
    assert defused(text) == text
    assert perf_counter() - began < 20


def test_formulas_are_defused_in_every_field_of_the_customer(anna):
    placed(item='=HYPERLINK("http://evil.example")', customer_name="+49 30 1", customer_email="-zoe@example.com")
    [row] = exported(anna)
    assert (row[2], row[4], row[5]) == (
        '\'=HYPERLINK("http://evil.example")',
        "'+49 30 1",
        "'-zoe@example.com",
    )


# --- The cap ----------------------------------------------------------------------------------------------------------


def test_the_export_ends_at_the_cap_and_explains_how_to_get_more(anna, monkeypatch):
    monkeypatch.setattr(export, "MAX_ORDERS", 3)
    orders = place_many(4)
    *shown, notice = exported(anna)
    assert [row[0] for row in shown] == ids(orders[:3])
    assert notice == ["Only the newest 3 orders are included. To get more, filter by day or use the API."]


def test_an_export_of_exactly_the_cap_is_complete_and_has_no_note(anna, monkeypatch):
    monkeypatch.setattr(export, "MAX_ORDERS", 3)
    orders = place_many(3)
    assert [row[0] for row in exported(anna)] == ids(orders)


def test_the_cap_is_ten_thousand():
    assert export.MAX_ORDERS == 10_000


def test_the_export_ends_at_the_time_limit_with_a_note(anna, traffic, monkeypatch):
    monkeypatch.setattr(export, "MAX_SECONDS", 0)
    orders = place_many(150)
    traffic.clear()
    *shown, notice = exported(anna)
    assert [row[0] for row in shown] == ids(orders[:100])
    assert notice == ["Only the newest 100 orders are included. To get more, filter by day or use the API."]
    assert traffic.operations == ["Query"]


def test_an_export_that_completes_at_the_time_limit_has_no_note(anna, monkeypatch):
    monkeypatch.setattr(export, "MAX_SECONDS", 0)
    orders = place_many(100)
    assert [row[0] for row in exported(anna)] == ids(orders)


def test_the_time_limit_also_ends_an_export_that_finds_only_empty_pages(anna, traffic, monkeypatch):
    """A page of a customer's orders of one status reads 100 orders; here none of 250 has the status."""
    monkeypatch.setattr(export, "MAX_SECONDS", 0)
    place_many(250, customer_email="zoe@example.com")
    traffic.clear()
    assert exported(anna, customer_email="zoe@example.com", status="CANCELLED") == [
        ["The search timed out before any order matched. Filter by day or use the API."]
    ]
    assert traffic.operations == ["Query", "BatchGetItem"]


def test_the_export_ends_at_the_size_limit_with_a_note(anna, monkeypatch):
    """Lambda returns it as JSON, in which every letter here takes six bytes."""
    monkeypatch.setattr(export, "MAX_BYTES", 6_000)
    for _ in range(10):
        placed(item="日" * 200)
    *shown, notice = exported(anna)
    assert len(shown) == 4
    assert notice == ["Only the newest 4 orders are included. To get more, filter by day or use the API."]


# --- Streaming --------------------------------------------------------------------------------------------------------


def test_orders_are_read_while_the_response_is_streamed(anna, traffic):
    place_many(250)
    traffic.clear()
    response = anna.get(EXPORT)
    assert response.streaming
    assert traffic.operations == ["Query"]
    lines = iter(response.streaming_content)
    for _ in range(50):
        next(lines)
    assert traffic.operations == ["Query"]
    assert len(list(lines)) == 201
    assert traffic.operations == ["Query"] * 3


def test_an_outage_during_the_export_is_reported_in_the_last_line(anna, proxy):
    place_many(150)
    proxy.change("Query", lambda reply: reply, aws_error(500, "InternalServerError"))
    *_, last = rows(anna.get(EXPORT))
    assert last == ["Incomplete: the order store stopped responding. Export again."]


def test_an_outage_before_the_export_begins_is_an_error_page(anna, no_dynamodb):
    response = anna.get(EXPORT)
    assert (response.status_code, response["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "Content-Disposition" not in response

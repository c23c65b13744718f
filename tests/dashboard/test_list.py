"""The list: tabs, filters and their chips, pages, and empty lists."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from orders import counts, listing
from orders.lifecycle import Status
from orders.listing import Filters
from tests.contract.order_helpers import NOW, ids, place_many, placed
from tests.dashboard.html_page import get_page, submit

LIST = "/dashboard/"
EVERY_FILTER = {
    "status": "PENDING",
    "customer_email": "zoe@example.com",
    "created_from": "2026-11-20",
    "created_to": "2026-11-22",
}


def url(**filters):
    return f"{LIST}?{urlencode(filters)}"


def query(href):
    return dict(parse_qsl(urlsplit(href).query))


def listed(browser, **filters):
    return get_page(browser, url(**filters)).listed()


# --- Nothing ----------------------------------------------------------------------------------------------------------


def test_an_empty_list_offers_to_place_an_order(anna):
    page = get_page(anna, LIST)
    assert "No orders yet" in page.text
    assert "No matching orders" not in page.text
    assert page.link("Place the first order") == "/dashboard/orders/new/"


@pytest.mark.parametrize(
    "filters", [{"status": "EXPIRED"}, {"customer_email": "zoe@example.com"}, {"created_to": "2020-01-01"}]
)
def test_a_list_without_matches_offers_to_clear_the_filters(anna, filters):
    placed()
    page = get_page(anna, url(**filters))
    assert "No matching orders" in page.text
    assert "No orders yet" not in page.text
    assert page.link("Clear all filters") == LIST
    assert page.listed() == []


# --- Rows -------------------------------------------------------------------------------------------------------------


def test_the_newest_orders_come_first_and_link_to_their_pages(anna):
    orders = place_many(3)
    assert listed(anna) == ids(orders)


def test_a_row_shows_item_customer_and_status(anna):
    placed(item="Wool blanket", quantity=12, customer_name="Zoë Ünal", customer_email="zoe@example.com")
    text = get_page(anna, LIST).text
    for part in ("Wool blanket", "12", "Zoë Ünal", "zoe@example.com", "PENDING"):
        assert part in text


def test_customers_texts_are_escaped(anna):
    order = placed(item="<script>alert(1)</script>", customer_name='"><img src=x onerror=alert(2)>')
    for page in (LIST, f"/dashboard/orders/{order.order_id}/", f"/dashboard/orders/{order.order_id}/delete/?version=1"):
        content = anna.get(page).content.decode()
        assert "&lt;script&gt;alert(1)" in content
        assert "<script>alert" not in content
        assert "<img" not in content


@pytest.mark.parametrize(
    ("age", "expected", "warned"),
    [
        (timedelta(hours=1), "2 days, 11 hours left", False),
        (timedelta(hours=53, minutes=30), "6 hours, 30 minutes left", False),
        (timedelta(hours=54, minutes=30), "5 hours, 30 minutes left", True),
        (timedelta(hours=59, minutes=59, seconds=59), "less than a minute left", True),
        (timedelta(hours=61), "due to expire", True),
    ],
)
def test_a_pending_row_shows_the_time_left_and_warns_in_the_last_six_hours(anna, age, expected, warned):
    # Most of a minute to spare, because the page is rendered a moment later.
    placed(at=datetime.now(UTC) - age + timedelta(seconds=50))
    response = anna.get(LIST)
    assert expected in get_page(anna, LIST).text
    assert ("o-soon" in response.content.decode()) == warned


def test_a_row_that_cannot_expire_shows_no_time_left(anna):
    placed(status=Status.PROCESSING)
    assert " left" not in get_page(anna, LIST).text


def test_every_time_has_the_exact_instant_in_utc_as_its_title(anna):
    placed(at=NOW)
    anna.cookies["timezone"] = "Asia/Kolkata"
    titles = get_page(anna, LIST).titles
    assert "2026-11-22 10:15:30 UTC" in titles
    assert "2026-11-24 22:15:30 UTC" in titles  # when it expires


# --- Tabs -------------------------------------------------------------------------------------------------------------


def tabs(page):
    statuses = {"All", *Status}
    return {
        link.text.split()[0]: link for link in page.links if link.text.split()[:1] and link.text.split()[0] in statuses
    }


COUNTS = "/dashboard/counts/"


def counted(browser):
    """The list after its tabs were counted, as without scripts."""
    assert browser.get(COUNTS).headers["Location"] == LIST
    return get_page(browser, LIST)


def test_the_list_loads_before_the_counts(anna, traffic):
    placed()
    traffic.clear()
    response = anna.get(LIST)
    assert traffic.operations == ["Query"]
    assert b'hx-get="/dashboard/counts/" hx-trigger="load"' in response.content
    assert b'<a href="/dashboard/counts/">' in response.content


def test_htmx_gets_only_the_tabs_with_their_counts(anna):
    placed()
    response = anna.get(f"{COUNTS}?status=PENDING", headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "<html" not in text
    assert "hx-get" not in text
    assert '<span class="o-count">1</span>' in text
    assert text.count('aria-current="page"') == 1


def test_the_url_of_the_counts_keeps_the_filters(anna):
    assert anna.get(f"{COUNTS}?status=PENDING").headers["Location"] == url(status="PENDING")


def test_counts_with_an_invalid_filter_lead_to_the_list_that_explains_it(anna, traffic):
    invalid = url(created_from="tomorrow")
    traffic.clear()
    assert anna.get(invalid.replace(LIST, COUNTS)).headers["Location"] == invalid
    assert traffic.operations == []


def test_each_status_has_a_tab_that_counts_its_orders(anna):
    for status in Status:
        placed(status=status)
    placed()
    assert {name: tab.text for name, tab in tabs(counted(anna)).items()} == {
        "All": "All",
        "PENDING": "PENDING 2",
        "PROCESSING": "PROCESSING 1",
        "COMPLETED": "COMPLETED 1",
        "CANCELLED": "CANCELLED 1",
        "EXPIRED": "EXPIRED 1",
    }


def test_a_tab_links_to_its_status_and_is_marked_as_current(anna):
    order = placed(status=Status.COMPLETED)
    placed()
    tab = tabs(get_page(anna, LIST))["COMPLETED"]
    page = get_page(anna, tab.href)
    assert page.listed() == [order.order_id]
    assert [name for name, tab in tabs(page).items() if "aria-current" in tab.attributes] == ["COMPLETED"]


def test_a_capped_count_has_a_plus_sign(anna, monkeypatch):
    monkeypatch.setattr(counts, "COUNT_CAP", 5)
    monkeypatch.setattr("orders.templatetags.orders_display.COUNT_CAP", 5)
    place_many(4)
    assert tabs(counted(anna))["PENDING"].text == "PENDING 4"
    place_many(6)
    counts.cache.clear()
    assert tabs(counted(anna))["PENDING"].text == "PENDING 4+"


def test_the_cap_is_shown_as_999_plus():
    from orders.templatetags.orders_display import capped  # noqa: PLC0415

    assert [capped(count) for count in (0, 999, 1000)] == ["0", "999", "999+"]


@pytest.mark.parametrize("narrowed", [{"customer_email": "zoe@example.com"}, {"created_from": "2026-11-01"}])
def test_tabs_have_no_counts_with_other_filters(anna, traffic, narrowed):
    place_many(3)
    traffic.clear()
    page = get_page(anna, url(**narrowed))
    assert {tab.text for tab in tabs(page).values()} == {"All", *Status}
    assert traffic.operations == ["Query"]


# --- Filters ----------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_in_upper_and_lower_case(anna):
    order = placed(customer_email="Zoe.Unal@Example.com")
    placed(customer_email="other@example.com")
    for written in ("zoe.unal@example.com", "ZOE.UNAL@EXAMPLE.COM", " Zoe.Unal@Example.com "):
        assert listed(anna, customer_email=written) == [order.order_id]


def test_a_status_is_found_in_upper_and_lower_case(anna):
    order = placed(status=Status.PROCESSING)
    placed()
    page = get_page(anna, url(status="processing"))
    assert page.listed() == [order.order_id]
    assert "Status: PROCESSING" in page.text


def test_filters_are_combined(anna):
    wanted = placed(customer_email="zoe@example.com")
    placed(customer_email="zoe@example.com", status=Status.COMPLETED)
    placed(customer_email="other@example.com")
    placed(customer_email="zoe@example.com", at=NOW - timedelta(days=9))
    assert listed(anna, **EVERY_FILTER) == [wanted.order_id]


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("", "2026-11-20", datetime(2026, 11, 20, 0, tzinfo=UTC), 24),
        ("Asia/Kolkata", "2026-11-20", datetime(2026, 11, 19, 18, 30, tzinfo=UTC), 24),
        ("America/Los_Angeles", "2026-11-20", datetime(2026, 11, 20, 8, tzinfo=UTC), 24),
        # The clock goes forward, and the day has 23 hours; back, and it has 25.
        ("Europe/Berlin", "2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        ("Europe/Berlin", "2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        # There, the clock jumps from midnight to one: the day begins at one.
        ("America/Santiago", "2026-09-06", datetime(2026, 9, 6, 4, tzinfo=UTC), 23),
        # There, the day before has 25 hours: what follows midnight comes only once.
        ("America/Santiago", "2026-04-04", datetime(2026, 4, 4, 3, tzinfo=UTC), 25),
        ("Pacific/Apia", "2026-11-20", datetime(2026, 11, 19, 11, tzinfo=UTC), 24),
    ],
)
def test_a_day_runs_from_midnight_to_midnight_in_the_users_time_zone(anna, zone, day, begins, hours):
    instant = timedelta(microseconds=1)
    ends = begins + timedelta(hours=hours)
    inside = [placed(at=at).order_id for at in (ends - instant, begins)]
    for at in (begins - instant, ends):
        placed(at=at)
    anna.cookies["timezone"] = zone
    assert listed(anna, created_from=day, created_to=day) == inside


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "Europe/Berlin%00",
        "x" * 3000,
        "..",
        "Z\u00fcrich",
    ],
)
def test_an_invalid_time_zone_cookie_means_utc(anna, cookie):
    order = placed(at=datetime(2026, 11, 20, 0, tzinfo=UTC))
    anna.cookies["timezone"] = cookie
    assert listed(anna, created_from="2026-11-20", created_to="2026-11-20") == [order.order_id]
    assert "20 Nov 2026, 00:00 UTC" in get_page(anna, f"/dashboard/orders/{order.order_id}/").text


def test_times_are_shown_in_the_users_time_zone(anna):
    order = placed(at=datetime(2026, 7, 20, 12, tzinfo=UTC))
    for zone, expected in {"": "12:00 UTC", "Europe/Berlin": "14:00 CEST", "Asia/Kolkata": "17:30 IST"}.items():
        anna.cookies["timezone"] = zone
        assert f"20 Jul 2026, {expected}" in get_page(anna, f"/dashboard/orders/{order.order_id}/").text


def test_each_filter_is_a_chip_with_a_link_that_removes_it(anna):
    page = get_page(anna, url(**EVERY_FILTER))
    chips = {
        "status": "Status: PENDING",
        "customer_email": "Customer: zoe@example.com",
        "created_from": "From 20 Nov 2026",
        "created_to": "Up to 22 Nov 2026",
    }
    links = [link for link in page.links if (link.attributes.get("aria-label") or "").startswith("Remove the filter")]
    assert len(links) == 4
    for (name, text), link in zip(chips.items(), links, strict=True):
        assert text in page.text
        assert link.attributes["aria-label"] == f"Remove the filter {text}"
        assert query(link.href) == {other: value for other, value in EVERY_FILTER.items() if other != name}
    assert page.link("Clear all") == LIST


def test_a_list_without_filters_has_no_chips(anna):
    placed()
    page = get_page(anna, LIST)
    assert "Remove the filter" not in str(page.links)
    assert not page.has_link("Clear all")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "SHIPPED"}, "SHIPPED is not one of the available choices"),
        ({"customer_email": "zoe"}, "Enter a valid email address"),
        ({"customer_email": "zoe\0@example.com"}, "Null characters are not allowed"),
        ({"customer_email": f"{'z' * 300}@example.com"}, "Ensure this value has at most 254 characters"),
        ({"created_from": "yesterday"}, "Enter a valid date"),
        ({"created_from": "2026-02-30"}, "Enter a valid date"),
        ({"created_from": "2026-11-22", "created_to": "2026-11-20"}, "The last day is before the first day"),
        ({"created_from": "0001-01-01"}, "greater than or equal to"),
        ({"created_to": "9999-12-31"}, "less than or equal to"),
        ({"expires_after": "0001-01-01T00:00Z"}, "greater than or equal to"),
        ({"expires_before": "9999-12-31T23:59Z"}, "less than or equal to"),
        ({"expires_after": "2026-11-22T10:00Z", "expires_before": "2026-11-22T09:00Z"}, "The end is before the start."),
        ({"expires_before": "soon"}, "Enter a valid date/time"),
        ({"expires_before": "2026-11-22é10:15Z"}, "Enter a valid date/time"),
        ({"expires_after": "2026-11-22T10:15"}, "Enter a valid date/time"),
        ({"created_from": "\u0662\u0660\u0662\u0666-11-22"}, "Enter a valid date"),
        ({"created_from": "11/22/2026"}, "Enter a valid date"),
        ({"status": "proce\u017f\u017fing"}, "proce\u017f\u017fing is not one of the available choices"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_an_invalid_filter_shows_its_error_and_no_orders(anna, traffic, filters, expected, zone):
    placed()
    traffic.clear()
    anna.cookies["timezone"] = zone
    page = get_page(anna, url(**filters), status=400)
    assert expected in page.text
    assert page.listed() == []
    assert "No matching orders" not in page.text
    assert traffic == []


def test_unknown_parameters_are_left_out_of_links(anna):
    placed()
    page = get_page(anna, url(status="PENDING", utm_source="mail", page="7"))
    assert "utm_source" not in str(page.links)
    assert page.listed()


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_paging_forward_and_back_shows_every_order_once(anna):
    orders = ids(place_many(60))
    first = get_page(anna, LIST)
    second = get_page(anna, first.link("Older"))
    third = get_page(anna, second.link("Older"))
    assert [*first.listed(), *second.listed(), *third.listed()] == orders
    assert not first.has_link("Newer")
    assert not third.has_link("Older")
    back = get_page(anna, third.link("Newer"))
    assert back.listed() == second.listed()
    assert get_page(anna, back.link("Newer")).listed() == first.listed()


def test_filters_are_kept_in_pages_tabs_rows_export_and_back_links(anna):
    place_many(60, customer_email="zoe@example.com", step=timedelta(minutes=10))
    page = get_page(anna, url(**EVERY_FILTER))
    older = page.link("Older")
    deep = get_page(anna, older)
    assert query(older).items() >= EVERY_FILTER.items()
    assert query(deep.link("Newer")).items() >= EVERY_FILTER.items()
    assert query(tabs(deep)["COMPLETED"].href) == {**EVERY_FILTER, "status": "COMPLETED"}
    assert query(tabs(deep)["All"].href).get("status") is None
    assert query(deep.link("Export CSV")).items() >= EVERY_FILTER.items()
    row = next(link.href for link in deep.links if deep.listed()[0] in link.href)
    detail = get_page(anna, row)
    assert detail.link("Back to list") == older
    assert get_page(anna, detail.link("Back to list")).listed() == deep.listed()


def test_after_a_change_the_back_link_leads_to_the_same_page_of_the_list(anna):
    place_many(30)
    older = get_page(anna, get_page(anna, LIST).link("Older"))
    row = next(link.href for link in older.links if older.listed()[0] in link.href)
    confirm = get_page(anna, get_page(anna, row).link("Cancel order"))
    sent = submit(anna, confirm.form(f"/dashboard/orders/{older.listed()[0]}/status/"))
    assert get_page(anna, sent["Location"]).link("Back to list") == f"{LIST}?{parse_qs(urlsplit(row).query)['back'][0]}"


@pytest.mark.parametrize("filters", [{}, {"status": "PENDING"}, {"customer_email": "zoe@example.com"}])
def test_an_invalid_cursor_redirects_to_the_first_page_with_the_same_filters(anna, filters):
    placed(customer_email="zoe@example.com")
    elsewhere = listing.newer_cursor(placed(), Filters(status=Status.EXPIRED))
    for cursor in ("garbage", "a:b:c", elsewhere):
        response = anna.get(url(**filters, cursor=cursor))
        assert (response.status_code, response["Location"]) == (302, url(**filters) if filters else LIST)


def test_an_empty_later_page_links_to_other_pages(anna):
    orders = place_many(26)
    older = get_page(anna, LIST).link("Older")
    for order in orders[20:]:
        order.delete()
    page = get_page(anna, older)
    assert "No orders on this page" in page.text
    assert "No orders yet" not in page.text
    assert get_page(anna, page.link("Newest orders")).listed() == ids(orders[:20])


def test_a_forged_back_link_leads_to_the_list(anna):
    order = placed()
    attacks = [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "next=//evil.example",
        "\r\nX: y",
    ]
    for attack in attacks:
        page = get_page(anna, f"/dashboard/orders/{order.order_id}/?{urlencode({'back': attack})}")
        assert page.link("Back to list") == LIST
        response = anna.post(
            f"/dashboard/orders/{order.order_id}/status/", {"to": "PROCESSING", "version": "1", "back": attack}
        )
        assert response["Location"] == f"/dashboard/orders/{order.order_id}/"
    response = anna.post(f"/dashboard/orders/{order.order_id}/delete/", {"version": "2", "back": attacks[0]})
    assert response["Location"] == LIST


# --- What is not a filter ---------------------------------------------------------------------------------------------


def sentences(page):
    """The page's text without spaces before commas and full stops."""
    return page.text.replace(" ,", ",").replace(" .", ".")


def test_a_search_parameter_in_the_lists_url_redirects_to_the_search(anna):
    response = anna.get(url(q=" zoe@example.com "))
    assert (response.status_code, response["Location"]) == (302, "/dashboard/search/?q=zoe%40example.com")
    assert "“teapot” is not an order id or an e-mail" in get_page(anna, url(q="teapot"), status=404, follow=True).text


@pytest.mark.parametrize(
    ("query_string", "notice"),
    [
        ("limit=100", "This filter is unknown and was ignored: limit."),
        ("q=", "This filter is unknown and was ignored: q."),
        ("Status=PENDING", "This filter is unknown and was ignored: Status."),
        ("limit=100&page=2", "These filters are unknown and were ignored: limit, page."),
        ("a=&b=&c=&d=&e=&f=", "These filters are unknown and were ignored: a, b, c, d, e, …."),
        (f"{'x' * 200}=1", f"ignored: {'x' * 39}…."),
        ("<script>=1", "ignored: <script>."),
    ],
)
def test_an_unknown_parameter_is_named_and_ignored(anna, query_string, notice):
    [order] = place_many(1)
    page = get_page(anna, f"{LIST}?{query_string}")
    assert notice in sentences(page)
    assert page.listed() == [order.order_id]
    for link in ("Export CSV", "All"):
        assert set(query(page.link(link))) == set()


def test_a_search_parameter_beside_filters_is_offered_as_a_link(anna):
    placed()
    page = get_page(anna, url(status="PENDING", q="zoe@example.com"))
    assert "This filter is unknown and was ignored: q." in sentences(page)
    assert page.link("Search for “ zoe@example.com ”") == "/dashboard/search/?q=zoe%40example.com"


def test_an_unknown_parameter_is_named_beside_an_invalid_filter(anna):
    page = get_page(anna, url(customer_email="zoe", limit=100), status=400)
    assert "ignored: limit." in sentences(page)


def test_known_filters_show_no_notice(anna):
    assert "ignored" not in get_page(anna, url(**EVERY_FILTER)).text
    assert "ignored" not in get_page(anna, LIST).text


def test_an_export_with_an_unknown_parameter_redirects_to_the_list(anna):
    placed()
    response = anna.get("/dashboard/export.csv?status=PENDING&limit=10")
    assert (response.status_code, response["Location"]) == (302, "/dashboard/?status=PENDING&limit=10")

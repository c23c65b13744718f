"""The search by order id or customer's e-mail, and its page for any other text."""

import pytest

from tests.contract.order_helpers import placed
from tests.dashboard.html_page import Page, get_page

ORDER_ID = "0b9d4f2e-8a31-4c55-9a3e-2f6d1c7b8e90"


@pytest.mark.parametrize(
    "written", [ORDER_ID, ORDER_ID.upper(), f"  {ORDER_ID}\t", ORDER_ID.replace("-", ""), f"{{{ORDER_ID}}}"]
)
def test_an_id_in_any_notation_finds_the_order(anna, written):
    placed(order_id=ORDER_ID)
    response = anna.get("/dashboard/search/", {"q": written})
    assert (response.status_code, response["Location"]) == (302, f"/dashboard/orders/{ORDER_ID}/")
    assert anna.get(response["Location"]).status_code == 200


def test_an_unknown_id_leads_to_a_404_page(anna):
    page = get_page(anna, f"/dashboard/search/?q={ORDER_ID}", status=404, follow=True)
    assert f"There is no order {ORDER_ID}." in page.text


@pytest.mark.parametrize("written", ["zoe@example.com", " ZOE@example.com ", "zoe+tea@example.com"])
def test_an_email_finds_the_customers_orders(anna, written):
    order = placed(customer_email=written.strip())
    page = get_page(anna, "/dashboard/search/?" + f"q={written}".replace("+", "%2B"), follow=True)
    assert page.listed() == [order.order_id]


@pytest.mark.parametrize(
    "written", [ORDER_ID.replace("0", "\u0660"), ORDER_ID.replace("-", "").replace("b9d4f2e", "b_9d4f2")]
)
def test_ids_with_other_digits_or_underscores_are_not_found(anna, written):
    assert anna.get("/dashboard/search/", {"q": written}).status_code == 404


@pytest.mark.parametrize("written", ["teapot", "0b9d4f2e", "zoe@", "<b>tea</b>", "a\0b", "💥", "x" * 5000, "' OR 1=1"])
def test_any_other_search_shows_what_can_be_searched_for(anna, written, traffic):
    response = anna.get("/dashboard/search/", {"q": written})
    assert response.status_code == 404
    content = response.content.decode()
    assert "complete order id" in content
    assert "e-mail" in content
    assert "<b>tea</b>" not in content
    assert traffic == []


@pytest.mark.parametrize("url", ["/dashboard/search/", "/dashboard/search/?q=", "/dashboard/search/?q=%20%20"])
def test_an_empty_search_redirects_to_the_list(anna, url):
    assert anna.get(url)["Location"] == "/dashboard/"


def under_former_key(order):
    order.customer_key = order.customer_email.lower()
    order.save()
    return order


@pytest.mark.parametrize("written", ["inf@bücher.example", "inf@xn--bcher-kva.example", "INF@BU\u0308CHER.example"])
def test_every_spelling_of_an_email_finds_old_and_new_orders(anna, written):
    new = placed(customer_email="inf@xn--bcher-kva.example")
    old = under_former_key(placed(customer_email="inf@bücher.example"))
    response = anna.get("/dashboard/search/", {"q": written})
    assert sorted(get_page(anna, response["Location"]).listed()) == sorted([new.order_id, old.order_id])


@pytest.mark.parametrize(
    "written", ["z\u200bed@shop.example", "z\u00aded@shop.example", f"{ORDER_ID[:8]}\u200b{ORDER_ID[8:]}"]
)
def test_a_hidden_character_in_the_search_is_named(anna, written):
    response = anna.get("/dashboard/search/", {"q": written})
    assert response.status_code == 404
    assert "This contains the invisible character" in Page(response).text


def test_an_old_order_with_a_hidden_character_in_its_email_is_found_from_its_own_page(anna):
    old = under_former_key(placed(customer_email="zed@shop.example\u200b"))
    new = placed(customer_email="zed@shop.example")
    link = get_page(anna, f"/dashboard/orders/{old.order_id}/").link("zed@shop.example U+200B")
    page = get_page(anna, link)
    assert sorted(page.listed()) == sorted([new.order_id, old.order_id])
    assert "Customer: zed@shop.exampleU+200B" in page.text


@pytest.mark.parametrize("written", ["zed@shop.example\u200b", "zed@sh\u00adop.example"])
def test_a_search_ignores_a_hidden_character_copied_with_an_email(anna, written):
    order = placed(customer_email="zed@shop.example")
    response = anna.get("/dashboard/search/", {"q": written})
    assert get_page(anna, response["Location"]).listed() == [order.order_id]


def test_a_search_without_a_visible_character_redirects_to_the_list(anna):
    assert anna.get("/dashboard/search/", {"q": "\u200b \u3164"})["Location"] == "/dashboard/"

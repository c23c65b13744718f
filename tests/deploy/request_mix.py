"""Requests of an API client to the five endpoints."""

from tests.deploy.deployment import Shop

ORDER = {"item": "Oak side table", "quantity": 2, "customer_name": "Ann", "customer_email": "ann@example.com"}


def request_mix(shop: Shop) -> None:
    placed = shop.send("POST", "/orders", ORDER, Idempotency_Key="mix")
    assert placed.status == 201, placed.text
    order = placed.json()
    path = f"/orders/{order['order_id']}"
    _check_replay(shop, order)
    _check_lists(shop, order)
    _check_status_changes(shop, path)
    assert shop.send("DELETE", path).status == 204
    assert shop.send("GET", path).json()["code"] == "order_not_found"


def _check_replay(shop: Shop, order: dict[str, object]) -> None:
    again = shop.send("POST", "/orders", ORDER, Idempotency_Key="mix")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.json() == order
    other = shop.send("POST", "/orders", {**ORDER, "quantity": 3}, Idempotency_Key="mix")
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")


def _check_lists(shop: Shop, order: dict[str, object]) -> None:
    for query in ("", "?status=PENDING", "?customer_email=ann@example.com"):
        listed = shop.send("GET", f"/orders{query}").json()["results"]
        assert order["order_id"] in [one["order_id"] for one in listed], query


def _check_status_changes(shop: Shop, path: str) -> None:
    order = shop.send("GET", path)
    assert (order.status, order.headers["ETag"]) == (200, '"1"')
    assert shop.send("GET", path, If_None_Match='"1"').status == 304
    moved = shop.send("PUT", path, {"status": "processing"}, If_Match='"1"')
    assert (moved.status, moved.json()["status"]) == (200, "PROCESSING")
    stale = shop.send("PUT", path, {"status": "CANCELLED"}, If_Match='"1"')
    assert (stale.status, stale.json()["code"]) == (412, "version_mismatch")
    illegal = shop.send("PUT", path, {"status": "PENDING"})
    assert (illegal.status, illegal.json()["code"]) == (409, "illegal_transition")

"""Each response says what it cost in the store."""

import re

from tests.contract.fault_proxy import drop_response, fault_proxy, refusal
from tests.contract.order_helpers import other_engine, place_many

TIMING = re.compile(r'store;dur=\d+\.\d;desc="(.+)"')


def timing(response):
    match = TIMING.fullmatch(response["Server-Timing"])
    assert match
    return match[1]


def test_a_response_reports_its_calls_and_their_capacity(api):
    order = api.place()
    assert timing(api.get(f"/orders/{order['order_id']}")) == "calls 1, units 1, retries 0"
    assert timing(api.post("/orders", {"item": "Teapot", "quantity": 1})) == "calls 1, units 3, retries 0"
    assert timing(api.get("/orders/unknown")) == "calls 1, units 1, retries 0"
    assert timing(api.post("/orders", {})) == "calls 0, units 0, retries 0"


def test_the_calls_of_other_threads_are_reported(api, settings):
    settings.ORDERS_INDEX_SHARDS = 4
    place_many(8)
    assert timing(api.get("/orders")).startswith("calls 4, ")


def test_retries_are_reported(api, engine):
    order = api.place()
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.change("GetItem", drop_response)
        assert timing(api.get(f"/orders/{order['order_id']}")) == "calls 1, units 1, retries 1"


def test_the_retries_of_a_call_that_fails_are_reported(api, engine, sign_in):
    order = api.place()
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.change("GetItem", *[drop_response] * 6)
        response = api.get(f"/orders/{order['order_id']}")
        page = sign_in("Order viewers").get(f"/dashboard/orders/{order['order_id']}/")
    assert (response.status_code, timing(response)) == (503, "calls 1, units 0, retries 2")
    assert (page.status_code, timing(page)) == (503, "calls 1, units 0, retries 2")


def test_the_renewal_of_expired_credentials_is_reported(api, engine):
    order = api.place()
    with fault_proxy(engine) as proxy, other_engine(proxy.endpoint):
        proxy.refuse("GetItem", refusal(400, "ExpiredTokenException"))
        assert timing(api.get(f"/orders/{order['order_id']}")) == "calls 1, units 1, retries 1"


def test_staff_pages_report_their_calls(sign_in):
    response = sign_in("Order viewers").get("/dashboard/")
    assert timing(response).startswith("calls ")

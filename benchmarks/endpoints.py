"""The requests to the five endpoints. They delete the orders that they create, so the tables keep their size."""

from urllib.parse import parse_qs, urlsplit

from benchmarks.benchmark import WARM_UP, Benchmark
from benchmarks.clients import Request

LIST = Request("GET")
CREATE = Request(
    "POST",
    body={
        "item": "Oak side table",
        "quantity": 2,
        "customer_name": "Meera Iyer",
        "customer_email": "meera.iyer@example.com",
    },
)
CREATE_ANONYMOUS = Request("POST", body={"item": "Oak side table", "quantity": 2})
UPDATE = {"status": "PROCESSING"}

LARGEST_PAGE = 100


def single_orders(benchmark: Benchmark, pairs: int) -> None:
    placed = benchmark.run("POST /orders", [(CREATE, CREATE)] * (WARM_UP + pairs))
    ids = [(ours.json()["order_id"], former.json()["order_id"]) for ours, former in placed]
    benchmark.run("GET /orders/{id}", [(Request("GET", ours), Request("GET", former)) for ours, former in ids])
    benchmark.run(
        "PUT /orders/{id}",
        [(Request("PUT", ours, body=UPDATE), Request("PUT", former, body=UPDATE)) for ours, former in ids],
    )
    benchmark.run("DELETE /orders/{id}", [(Request("DELETE", ours), Request("DELETE", former)) for ours, former in ids])


def anonymous_orders(benchmark: Benchmark, pairs: int) -> None:
    """Orders without an e-mail are in one index fewer."""
    placed = benchmark.run("POST, no e-mail", [(CREATE_ANONYMOUS, CREATE_ANONYMOUS)] * (WARM_UP + pairs))
    for ours, former in placed:
        benchmark.ours.send(Request("DELETE", ours.json()["order_id"]))
        benchmark.former.send(Request("DELETE", former.json()["order_id"]))


def lists(benchmark: Benchmark, pairs: int, *, orders: int) -> int:
    """Returns how many orders the former list contains. It has neither pages nor filters."""
    pages = {
        "GET /orders, page 1": Request("GET"),
        "GET /orders, deep page": Request("GET", query={"cursor": _cursor_after(benchmark, orders // 2)}),
        "GET /orders?status=": Request("GET", query={"status": "PENDING"}),
    }
    for name, request in pages.items():
        responses = benchmark.run(name, [(request, LIST)] * (WARM_UP + pairs))
    return len(responses[0][1].json())


def _cursor_after(benchmark: Benchmark, depth: int) -> str:
    """The cursor of the page that begins after about `depth` orders, found by following `next`."""
    query: dict[str, str] = {}
    for _ in range(0, depth, LARGEST_PAGE):
        limit = str(min(depth, LARGEST_PAGE))
        following = benchmark.ours.send(Request("GET", query={**query, "limit": limit})).json()["next"]
        query = {"cursor": parse_qs(urlsplit(following).query)["cursor"][0]}
    return query["cursor"]

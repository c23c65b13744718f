"""What the five endpoints are asked. Each order that is placed here is deleted again, so the tables keep their size."""

from urllib.parse import parse_qs, urlsplit

from benchmarks.race import WARM_UP, Race
from benchmarks.sides import Request

LIST = Request("GET")
PLACE = Request(
    "POST",
    body={
        "item": "Oak side table",
        "quantity": 2,
        "customer_name": "Meera Iyer",
        "customer_email": "meera.iyer@example.com",
    },
)
PLACE_ANONYMOUSLY = Request("POST", body={"item": "Oak side table", "quantity": 2})
MOVE = {"status": "PROCESSING"}

LARGEST_PAGE = 100


def single_orders(race: Race, pairs: int) -> None:
    placed = race.run("POST /orders", [(PLACE, PLACE)] * (WARM_UP + pairs))
    ids = [(ours.json()["order_id"], former.json()["order_id"]) for ours, former in placed]
    race.run("GET /orders/{id}", [(Request("GET", ours), Request("GET", former)) for ours, former in ids])
    race.run(
        "PUT /orders/{id}",
        [(Request("PUT", ours, body=MOVE), Request("PUT", former, body=MOVE)) for ours, former in ids],
    )
    race.run("DELETE /orders/{id}", [(Request("DELETE", ours), Request("DELETE", former)) for ours, former in ids])


def anonymous_orders(race: Race, pairs: int) -> None:
    """Without an e-mail an order is in one index less."""
    placed = race.run("POST, no e-mail", [(PLACE_ANONYMOUSLY, PLACE_ANONYMOUSLY)] * (WARM_UP + pairs))
    for ours, former in placed:
        race.ours.ask(Request("DELETE", ours.json()["order_id"]))
        race.former.ask(Request("DELETE", former.json()["order_id"]))


def lists(race: Race, pairs: int, *, orders: int) -> int:
    """Returns how many orders a list of the former side holds: it knows neither pages nor filters, so all or part."""
    pages = {
        "GET /orders, page 1": Request("GET"),
        "GET /orders, deep page": Request("GET", query={"cursor": _cursor_after(race, orders // 2)}),
        "GET /orders?status=": Request("GET", query={"status": "PENDING"}),
    }
    for name, request in pages.items():
        replies = race.run(name, [(request, LIST)] * (WARM_UP + pairs))
    return len(replies[0][1].json())


def _cursor_after(race: Race, depth: int) -> str:
    """The cursor of the page that begins after about `depth` orders, found as a client finds it: page by page."""
    query: dict[str, str] = {}
    for _ in range(0, depth, LARGEST_PAGE):
        limit = str(min(depth, LARGEST_PAGE))
        following = race.ours.ask(Request("GET", query={**query, "limit": limit})).json()["next"]
        query = {"cursor": parse_qs(urlsplit(following).query)["cursor"][0]}
    return query["cursor"]

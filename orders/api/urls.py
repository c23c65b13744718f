from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from orders.api import docs
from orders.api.health import HealthView
from orders.api.views import LifecycleView, OrderViewSet

COLLECTION = OrderViewSet.as_view({"get": "list", "post": "create"})
MEMBER = OrderViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"})


@csrf_exempt
def schema(request: HttpRequest) -> HttpResponseBase:
    from orders.api.schema import SchemaView  # noqa: PLC0415 (slow to import, and no other request needs it)

    return SchemaView.as_view()(request)


ROUTES: dict[str, Callable[..., HttpResponseBase]] = {
    "orders": COLLECTION,
    "orders/<order_id:order_id>": MEMBER,
    "lifecycle": LifecycleView.as_view(),
    "healthz": HealthView.as_view(),
    "schema": schema,
    "docs": docs.page,
}


def routes() -> list[URLPattern]:
    """Each route with and without a trailing slash, because a redirect would lose the body of a POST."""
    return [
        path(route + slash, view, name=None if slash or "<" in route else route)
        for route, view in ROUTES.items()
        for slash in ("", "/")
    ]


urlpatterns = routes()

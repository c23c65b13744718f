from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from orders.api import docs
from orders.api.health import HealthView
from orders.api.views import LifecycleView, OrderViewSet, SchemaView

COLLECTION = OrderViewSet.as_view({"get": "list", "post": "create"})
MEMBER = OrderViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"})

ROUTES: dict[str, Callable[..., HttpResponseBase]] = {
    "orders": COLLECTION,
    "orders/<order_id:order_id>": MEMBER,
    "lifecycle": LifecycleView.as_view(),
    "healthz": HealthView.as_view(),
    "schema": SchemaView.as_view(),
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

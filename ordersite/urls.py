from django.templatetags.static import static
from django.urls import URLResolver, include, path, re_path, register_converter
from django.urls.resolvers import RoutePattern
from django.utils.functional import lazy
from django.views.generic import RedirectView

from orders.converters import OrderIdConverter
from ordersite.error_views import unknown_route

# The included URL patterns use it.
register_converter(OrderIdConverter, "order_id")


def load_later(route: str, module: str, name: str) -> URLResolver:
    """The URLs of a module that is imported when a URL below `route` is requested or any URL is reversed.

    `include` would import it at once.
    """
    return URLResolver(RoutePattern(route), module, app_name=name, namespace=name)


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:list")),
    # The last route matches what Django would otherwise redirect to the URL with a slash.
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    load_later("admin/", "ordersite.admin_urls", "admin"),
    # Browsers request it for responses that are not pages, such as the JSON of an order.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("orders/favicon.svg"))),
    path("dashboard", RedirectView.as_view(pattern_name="dashboard:list")),
    load_later("dashboard/", "orders.dashboard.urls", "dashboard"),
    path("", include("orders.api.urls")),
    re_path("", unknown_route),
]

handler400 = "ordersite.error_views.bad_request"
handler403 = "ordersite.error_views.permission_denied"
handler404 = "ordersite.error_views.not_found"
handler500 = "ordersite.error_views.server_error"

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path, register_converter
from django.utils.functional import lazy
from django.views.generic import RedirectView

from accounts.login import login, logout
from orders.converters import OrderIdConverter
from ordersite.error_views import unknown_route

# The included URL patterns use it.
register_converter(OrderIdConverter, "order_id")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:list")),
    # The last route matches what Django would otherwise redirect to the URL with a slash.
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    # Replace the admin's own routes.
    path("admin/login/", login),
    path("admin/logout/", logout),
    path("admin/", admin.site.urls),
    # Browsers request it for responses that are not pages, such as the JSON of an order.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("orders/favicon.svg"))),
    path("dashboard", RedirectView.as_view(pattern_name="dashboard:list")),
    path("dashboard/", include("orders.dashboard.urls")),
    path("", include("orders.api.urls")),
    re_path("", unknown_route),
]

handler400 = "ordersite.error_views.bad_request"
handler403 = "ordersite.error_views.permission_denied"
handler404 = "ordersite.error_views.not_found"
handler500 = "ordersite.error_views.server_error"

"""Which room answers which address."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from orders.api.views import UnknownRouteView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # The last route takes what Django would otherwise have redirected to the address with a slash.
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("orders.api.urls")),
    re_path("", UnknownRouteView.as_view()),
]

handler400 = "orders.api.problems.bad_request"
handler500 = "orders.api.problems.server_error"

"""The admin's URLs. Only the first request for a page loads them, because the API does not need the admin."""

from django.contrib import admin
from django.urls import path

from accounts.login import login, logout

admin.autodiscover()

urlpatterns = [
    # Replace the admin's own routes.
    path("login/", login),
    path("logout/", logout),
    *admin.site.get_urls(),
]

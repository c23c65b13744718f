from django.urls import path

from orders.dashboard import bulk, export, overview, views

app_name = "dashboard"

urlpatterns = [
    path("", views.order_list, name="list"),
    path("overview/", overview.overview, name="overview"),
    path("export.csv", export.export, name="export"),
    path("counts/", views.counts, name="counts"),
    path("live/", views.live, name="live"),
    path("search/", views.search, name="search"),
    path("bulk/preview/", bulk.preview, name="bulk-preview"),
    path("bulk/apply/", bulk.apply, name="bulk-apply"),
    path("orders/new/", views.create, name="create"),
    path("orders/<order_id:order_id>/", views.detail, name="detail"),
    path("orders/<order_id:order_id>/raw/", views.raw, name="raw"),
    path("orders/<order_id:order_id>/status/", views.change_status, name="status"),
    path("orders/<order_id:order_id>/delete/", views.delete, name="delete"),
    path("orders/<order_id:order_id>/delete-unreadable/", views.delete_unreadable, name="delete-unreadable"),
]

from django.urls import path

from orders.dashboard import bulk, export, order_actions, order_create, order_detail, order_list, overview, search

urlpatterns = [
    path("", order_list.order_list, name="list"),
    path("overview/", overview.overview, name="overview"),
    path("export.csv", export.export, name="export"),
    path("counts/", order_list.counts, name="counts"),
    path("live/", order_list.live, name="live"),
    path("search/", search.search, name="search"),
    path("bulk/preview/", bulk.preview, name="bulk-preview"),
    path("bulk/apply/", bulk.apply, name="bulk-apply"),
    path("orders/new/", order_create.create, name="create"),
    path("orders/<order_id:order_id>/", order_detail.detail, name="detail"),
    path("orders/<order_id:order_id>/raw/", order_detail.raw, name="raw"),
    path("orders/<order_id:order_id>/status/", order_actions.change_status, name="status"),
    path("orders/<order_id:order_id>/delete/", order_actions.delete, name="delete"),
    path("orders/<order_id:order_id>/delete-unreadable/", order_actions.delete_unreadable, name="delete-unreadable"),
]

"""Addresses of the basket."""

from django.urls import path

from . import later_views, views

app_name = "basket"
urlpatterns = [
    path("", views.summary, name="summary"),
    path("add/", views.add, name="add"),
    path("lines/<int:line_id>/update/", views.update, name="update"),
    path("lines/<int:line_id>/remove/", views.remove, name="remove"),
    path("lines/<int:line_id>/later/", later_views.keep, name="later_keep"),
    path("later/<int:line_id>/back/", later_views.take_back, name="later_back"),
    path("later/<int:line_id>/drop/", later_views.drop, name="later_drop"),
    path("later/again/", later_views.keep_again, name="later_again"),
    path("estimate/", later_views.estimate, name="estimate"),
    path("vouchers/add/", views.voucher_add, name="voucher_add"),
    path("vouchers/remove/", views.voucher_remove, name="voucher_remove"),
]

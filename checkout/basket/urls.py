"""Addresses of the basket."""

from django.urls import path

from . import views

app_name = "basket"
urlpatterns = [
    path("", views.summary, name="summary"),
    path("add/", views.add, name="add"),
    path("lines/<int:line_id>/update/", views.update, name="update"),
    path("lines/<int:line_id>/remove/", views.remove, name="remove"),
    path("vouchers/add/", views.voucher_add, name="voucher_add"),
    path("vouchers/remove/", views.voucher_remove, name="voucher_remove"),
]

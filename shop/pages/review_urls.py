"""Addresses of reviews on the shopper's side."""

from django.urls import path

from fulfilment.warehouse import lists  # noqa: F401 - the converter ``row``

from . import reviews

app_name = "reviews"
urlpatterns = [
    path("mine/", reviews.mine, name="mine"),
    path("product/<row:pk>/", reviews.product_reviews, name="product"),
    path("product/<row:pk>/write/", reviews.write, name="write"),
    path("<row:pk>/report/", reviews.report, name="report"),
]

"""Addresses of the order page."""

from django.urls import path

from . import orders

app_name = "orders"
urlpatterns = [
    path("", orders.lookup, name="lookup"),
    path("link/<str:token>/", orders.open_link, name="open"),
    path("<slug:number>/", orders.detail, name="detail"),
    path("<slug:number>/invoices/<slug:invoice>/", orders.invoice_pdf, name="invoice"),
]

"""Addresses of the order page."""

from django.urls import path

from . import agreed, order_change, order_exchange, orders, returns, shortages

app_name = "orders"
urlpatterns = [
    path("", orders.lookup, name="lookup"),
    path("link/<str:token>/", orders.open_link, name="open"),
    path("missing/<str:token>/", shortages.shortage, name="shortage"),
    path("<slug:number>/", orders.detail, name="detail"),
    path("<slug:number>/agreed/", agreed.agreed, name="agreed"),
    path("<slug:number>/change/", order_change.order_change, name="change"),
    path("<slug:number>/exchange/", order_exchange.order_exchange, name="exchange"),
    path("<slug:number>/returns/<slug:returning>/slip.pdf", returns.slip, name="return-slip"),
    path("<slug:number>/returns/<slug:returning>/label.pdf", returns.label, name="return-label"),
    path("<slug:number>/returns/<slug:returning>/label.png", returns.label_code, name="return-label-code"),
    path("<slug:number>/returns/<slug:returning>/sent/", returns.sent, name="return-sent"),
    path("<slug:number>/returns/<slug:returning>/back/", returns.back, name="return-back"),
    path("<slug:number>/invoices/<slug:invoice>/", orders.invoice_pdf, name="invoice"),
    path("<slug:number>/invoices/<slug:invoice>/xrechnung/", orders.invoice_xrechnung, name="xrechnung"),
]

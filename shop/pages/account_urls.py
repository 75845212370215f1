"""Addresses of the account."""

from django.urls import include, path

from . import account, account_addresses, account_requests, deletion, newsletter, own_data, reorder

app_name = "account"
urlpatterns = [
    path("", account.overview, name="overview"),
    path("orders/", account.orders, name="orders"),
    path("orders/<slug:number>/", account.order, name="order"),
    path("orders/<slug:number>/again/", reorder.reorder, name="reorder"),
    path("invoices/", account.invoices, name="invoices"),
    path("credit/", account.credit, name="credit"),
    path("requests/", account_requests.requests, name="requests"),
    path("delete/", deletion.delete, name="delete"),
    path("delete/keep/", deletion.keep, name="delete_undo"),
    path("data/", own_data.own_data, name="data"),
    path("newsletter/", newsletter.of_account, name="newsletter"),
    path("addresses/", account_addresses.addresses, name="addresses"),
    path("addresses/new/", account_addresses.create, name="address_new"),
    path("addresses/<int:pk>/", account_addresses.edit, name="address"),
    path("addresses/<int:pk>/default/<str:kind>/", account_addresses.make_default, name="address_default"),
    path("addresses/<int:pk>/delete/", account_addresses.delete, name="address_delete"),
    path("", include("shop.customers.urls")),
]

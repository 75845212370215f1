"""Addresses of the checkout."""

from django.urls import path

from . import pay_views, start_views, views

app_name = "checkout"
urlpatterns = [
    path("", views.contact, name="contact"),
    path("start/", start_views.start, name="start"),
    path("delivery/", views.delivery, name="delivery"),
    path("payment/", views.payment, name="payment"),
    path("summary/", views.summary, name="summary"),
    path("pay/<slug:number>/", pay_views.pay, name="pay"),
    path("pay/<slug:number>/return/", pay_views.paid, name="return"),
    path("pay/<slug:number>/longer/", pay_views.longer, name="longer"),
    path("pay/<slug:number>/otherwise/", pay_views.pay_otherwise, name="pay-otherwise"),
]

"""Addresses that carriers call, included under ``/carriers/``."""

from django.urls import path

from .door import dhl_webhook

app_name = "carriers"
urlpatterns = [path("dhl/webhook", dhl_webhook, name="dhl-webhook")]

"""Addresses of "tell me when it is back"."""

from django.urls import path

from . import alerts

app_name = "alerts"
urlpatterns = [
    path("", alerts.ask, name="ask"),
    path("asked/", alerts.asked, name="asked"),
    path("<str:key>/", alerts.alert, name="alert"),
]

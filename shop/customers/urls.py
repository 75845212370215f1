"""Addresses of a person's own data; included by shop.pages.account_urls into the namespace ``account``."""

from django.urls import path

from . import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("sessions/", views.sessions, name="sessions"),
]

"""Addresses of the shopper's help pages. Without a namespace: every foot of a page links ``help``."""

from django.urls import path

from . import help as pages

urlpatterns = [
    path("", pages.ask, name="help"),
    path("case/<str:token>/", pages.case, name="help-case"),
    path("case/<str:token>/picture/<row:pk>/", pages.picture, name="help-picture"),
]

"""Addresses of the shopper's help pages. Without a namespace: every foot of a page links ``help``."""

from django.urls import path

from . import help as pages
from . import help_case

urlpatterns = [
    path("", pages.ask, name="help"),
    path("draft/<str:token>/", pages.draft, name="help-draft"),
    path("case/<str:token>/", help_case.case, name="help-case"),
    path("case/<str:token>/received/", help_case.sent, name="help-sent"),
    path("case/<str:token>/settled/", help_case.settled, name="help-settled"),
    path("case/<str:token>/picture/<row:pk>/", help_case.picture, name="help-picture"),
]

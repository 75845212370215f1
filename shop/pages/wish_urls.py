"""Addresses of the wish list."""

from django.urls import path

from fulfilment.warehouse import lists  # noqa: F401 - the converter ``row``

from . import wishes

app_name = "wishes"
urlpatterns = [
    path("", wishes.wishes, name="list"),
    path("add/", wishes.add, name="add"),
    path("share/", wishes.share, name="share"),
    path("<row:pk>/remove/", wishes.remove, name="remove"),
    path("shared/<str:token>/", wishes.shared, name="shared"),
]

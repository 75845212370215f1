"""The shop's addresses with the pages of connect in their place: these tests need no other room's navigation."""

from django.urls import include, path

from shop.connect import dashboard
from shop.urls import *  # noqa: F403
from shop.urls import urlpatterns as shop_addresses

urlpatterns = [path("dashboard/connect/", include((dashboard.urlpatterns, "connect"))), *shop_addresses]

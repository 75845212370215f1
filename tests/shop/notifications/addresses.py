"""The shop's addresses with the mailbox in its place, so that these tests need no other room's navigation."""

from django.urls import include, path

from shop.urls import *  # noqa: F403
from shop.urls import urlpatterns as shop_addresses

urlpatterns = [path("dashboard/notifications/", include("shop.notifications.urls")), *shop_addresses]

"""Addresses for tests as long as the dashboard's own do not lead to finance."""

from django.urls import include, path

from shop.urls import handler400, handler403, handler404, handler500
from shop.urls import urlpatterns as house

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
urlpatterns = [path("dashboard/finance/", include("fulfilment.finance.urls")), *house]

"""Addresses of the pages of connect, below /dashboard/connect/."""

from .dashboard import urlpatterns  # noqa: F401

app_name = "connect"

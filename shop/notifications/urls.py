"""Addresses of the mailbox, below /dashboard/notifications/."""

from .dashboard import urlpatterns  # noqa: F401

app_name = "notifications"

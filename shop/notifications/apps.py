"""Mails: the room hears what happened, writes a row in the same transaction, and a task sends it."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "shop.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

"""Other systems: what happened is pushed to their addresses as signed JSON."""

from django.apps import AppConfig


class ConnectConfig(AppConfig):
    name = "shop.connect"
    label = "connect"
    default_auto_field = "django.db.models.BigAutoField"

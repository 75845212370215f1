"""Approvals: what one person may not do alone."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "shop.approvals"
    label = "approvals"
    default_auto_field = "django.db.models.BigAutoField"

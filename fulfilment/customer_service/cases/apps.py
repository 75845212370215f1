"""Cases: what customers want from us, and what we answer."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "fulfilment.customer_service.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

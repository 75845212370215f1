"""Figures of customer service: how quickly it answers, what comes back and why, what it costs."""

from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "fulfilment.customer_service.figures"
    label = "figures"
    default_auto_field = "django.db.models.BigAutoField"

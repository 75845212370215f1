"""Counting: does the shelf hold what the books say?"""

from django.apps import AppConfig


class CountingConfig(AppConfig):
    name = "fulfilment.warehouse.counting"
    label = "counting"
    default_auto_field = "django.db.models.BigAutoField"

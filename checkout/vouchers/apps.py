"""Vouchers that are given to one customer."""

from django.apps import AppConfig


class VouchersConfig(AppConfig):
    name = "checkout.vouchers"
    label = "vouchers"
    default_auto_field = "django.db.models.BigAutoField"

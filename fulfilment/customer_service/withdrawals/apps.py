"""Withdrawals: declarations that a contract shall not stand (§ 355, § 356a BGB)."""

from django.apps import AppConfig


class WithdrawalsConfig(AppConfig):
    name = "fulfilment.customer_service.withdrawals"
    label = "withdrawals"
    default_auto_field = "django.db.models.BigAutoField"

"""VAT ids of firms: their form, what the EU's register says of them, and what follows for the order."""

from django.apps import AppConfig


class VatIdsConfig(AppConfig):
    name = "checkout.vat_ids"
    label = "vat_ids"
    default_auto_field = "django.db.models.BigAutoField"

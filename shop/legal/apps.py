from django.apps import AppConfig


class LegalConfig(AppConfig):
    """What the law asks of the shop, as rules that are run on what it really shows."""

    name = "shop.legal"
    label = "legal"

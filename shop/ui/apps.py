"""App of the template tags used by the shop and the back office alike."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Template tags only: no models, imports nothing of ours but the kernel."""

    name = "shop.ui"
    label = "ui"
    verbose_name = "User interface"

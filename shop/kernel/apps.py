"""The kernel: the foundation every room stands on; it knows nothing of shops."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "shop.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the boot checks)

        # Events are registered when their module is imported, machines likewise, subscribers hear by being imported.
        autodiscover_modules("events")
        autodiscover_modules("states")
        autodiscover_modules("subscribers")

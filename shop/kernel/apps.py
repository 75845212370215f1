"""The kernel: the foundation every room stands on; it knows nothing of shops."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "shop.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, people_read  # noqa: F401  (checks registers the boot checks)

        people_read.watch()
        # Events are registered when their module is imported, machines likewise, subscribers hear by being imported.
        autodiscover_modules("events")
        autodiscover_modules("states")
        autodiscover_modules("subscribers")

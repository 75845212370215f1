"""Other systems: what happened is pushed to their addresses as signed JSON."""

from django.apps import AppConfig


class ConnectConfig(AppConfig):
    name = "shop.connect"
    label = "connect"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Its secrets are sealed anew after a change of SECRET_KEY."""
        from shop.kernel import sealed

        from . import sealed_secrets

        sealed.KEEPERS["secrets of pushes"] = sealed.Keeper(sealed_secrets.seal_anew, sealed_secrets.left)

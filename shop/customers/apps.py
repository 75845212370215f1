"""Fork of oscar.customer. Why: the user model is ours (e-mail as name, language, room for roles) and accounts come from
django-allauth; Oscar's login and register views are not used."""

from typing import Any

from django.db.models.signals import post_migrate
from oscar.apps.customer import apps

from shop.kernel.late import late_part


class CustomerConfig(apps.CustomerConfig):
    name = "shop.customers"

    def ready(self) -> None:
        """Views and URLs are our own; Oscar's are not loaded. What signs in and out is noted by signals. What reads
        passkeys (fido2, cryptography: 11 MB) is loaded for the first passkey and not with allauth's addresses."""
        late_part("allauth.mfa.webauthn.internal", "auth")
        from shop.kernel import sealed

        from . import checks, second_factor, security_log, sessions  # noqa: F401

        sealed.KEEPERS["second factors"] = sealed.Keeper(_seal_factors, _factors_left)

        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="customers.after_migrate")


def _seal_factors() -> int:
    from . import factor_secrets  # with what reads factors, which beat and most workers never need

    return factor_secrets.seal_anew()


def _factors_left() -> int:
    from . import factor_secrets

    return factor_secrets.left()


def _after_migrate(using: str = "default", **kwargs: Any) -> None:
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)

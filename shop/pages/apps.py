from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate

from . import without_extras

without_extras.load()


class PagesConfig(AppConfig):
    """Pages that people write, and the account's pages that show orders and invoices."""

    name = "shop.pages"
    label = "pages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Links at the foot follow what is published, and what is kept in memory follows what is changed."""
        from catalogue import tree
        from catalogue.partner import vat
        from catalogue.search.suggest import offer
        from fulfilment.warehouse.picking import promises
        from shop.kernel.sharing import WAYS, when_changed

        from . import checks, guarantee, late_api, product_parts, queries, receivers, suggestions, without_api  # noqa: F401

        without_api.leave_out()
        late_api.install()
        for room in (tree, vat, queries, guarantee):
            when_changed(room.forget)
        for asked in (product_parts, promises):
            when_changed(asked.forget, WAYS)
        offer(suggestions.named)
        post_migrate.connect(_guard, sender=self, dispatch_uid="triggers of shared pages")
        post_migrate.connect(_keep, sender=self, dispatch_uid="versions of legal texts")


def _guard(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Every migrate ends with all triggers in place."""
    from shop.kernel import guards

    from . import triggers

    guards.install(triggers.GUARDS, using=using)


def _keep(**kwargs: Any) -> None:
    """Texts that were published before versions were kept are kept from now on."""
    from .legal_texts import keep_all

    keep_all()

"""Search: words, filters with counts, suggestions, from an index that hears what changes."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save


def _install_triggers(using: str, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``."""
    from . import triggers

    triggers.install(using)


class SearchConfig(AppConfig):
    name = "catalogue.search"
    label = "search"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Triggers once per migrate, after all tables are there; words and boosts are read anew when one is written."""
        from shop.kernel.sharing import when_changed

        from . import boosts, synonyms
        from .models import Boost, Synonym

        for signal in (post_save, post_delete):
            signal.connect(synonyms.forget, sender=Synonym, dispatch_uid=f"synonyms {id(signal)}")
            signal.connect(boosts.forget, sender=Boost, dispatch_uid=f"boosts {id(signal)}")
        when_changed(synonyms.forget)
        when_changed(boosts.forget)
        post_migrate.connect(_install_triggers, dispatch_uid="search triggers")

"""Roles become groups after every migrate."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.dispatch import receiver


@receiver(post_migrate, dispatch_uid="dashboard.sync_roles")
def sync_roles_after_migrate(sender: AppConfig, plan: Any = None, **kwargs: Any) -> None:
    """Once, when the last app has its permissions (Django creates them app by app)."""
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    if sender.label != last.label or kwargs.get("using", "default") != "default":
        return
    from .roles import sync_roles

    sync_roles()

"""Dunning: asking for what is overdue, by levels that are data. German law is the default policy."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

#: Up to this amount one person may write a claim off alone, unless a row of ApprovalLimit says otherwise.
WRITE_OFF_LIMIT_MINOR = 5_000


class DunningConfig(AppConfig):
    name = "fulfilment.finance.dunning"
    label = "dunning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Policy and base rates are there from the first day."""
        from django.utils.translation import gettext_lazy as _

        from fulfilment.finance.reconciliation import claims
        from shop.approvals import kinds

        from .actions.write_off import KIND, run_approved
        from .collecting import DunningCollector
        from .models.money import WRITE_OFF_REASONS

        claims.register(DunningCollector())
        post_migrate.connect(_ensure_base_data, sender=self)
        kinds.register(
            kinds.Kind(
                name=KIND,
                title=_("Write-off"),
                permission="dunning.approve_write_off",
                limit_minor=WRITE_OFF_LIMIT_MINOR,
                run=run_approved,
                reasons=WRITE_OFF_REASONS,
            )
        )


def _ensure_base_data(**kwargs: object) -> None:
    from .basedata import ensure

    ensure()

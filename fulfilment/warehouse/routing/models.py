"""Ordered rules of which site sends, and what was decided for each order: never changed afterwards."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Order
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

COMPLETE, NEAREST, LEAST_SPLIT = "complete", "nearest", "least_split"
#: Reasons beside the rules.
ONLY_SITE, MOST, NOWHERE, FIRST_BY_POSITION = "only_site", "most", "nowhere", "position"
PICKUP, STAFF = "pickup", "staff"


class RoutingRule(models.Model):
    """What makes one way to send an order better than another. The rules are asked in order of ``position``."""

    KINDS = [
        (COMPLETE, _("one site has everything")),
        (NEAREST, _("the nearest site")),
        (LEAST_SPLIT, _("as few parcels as possible")),
    ]

    kind = models.CharField(max_length=12, choices=KINDS, unique=True)
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(_("asked"), default=True)

    class Meta:
        ordering = ["position", "pk"]
        permissions = [
            ("manage_rules", "May change the rules of routing"),
            ("reroute_orders", "May send an order from another site"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @classmethod
    def ensure(cls) -> None:
        """Enter rules that are missing, in their usual order; those that staff have ordered stay as they are."""
        for position, (kind, _label) in enumerate(cls.KINDS, start=1):
            cls.objects.get_or_create(kind=kind, defaults={"position": position})


class Routing(models.Model):
    """One decision about one order: which site sends which pieces, the reason as facts, by whom. Append-only."""

    PLACED, REST, SHORT, MOVED, CHANGED = "placed", "rest", "short", "moved", "changed"
    CAUSES = [
        (PLACED, _("the order was confirmed")),
        (REST, _("missing goods have come")),
        (SHORT, _("a piece was missing")),
        (MOVED, _("moved by staff")),
        (CHANGED, _("the order was changed")),
    ]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="routings")
    cause = models.CharField(max_length=8, choices=CAUSES)
    reasons = models.JSONField(default=list, help_text="codes, the one that weighed first is first")
    facts = models.JSONField(default=dict, help_text="what the reasons speak of: sites, distances, pieces")
    parts = models.JSONField(
        default=list, help_text="order line, site code, pieces, and whether they lie there"
    )
    why = models.CharField(max_length=300, blank=True, help_text="what a person wrote")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"order {self.order_id}: {', '.join(self.reasons)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Written once; AppendOnlyError afterwards."""
        if self.pk is not None:
            raise AppendOnlyError("a routing decision is never changed; make a new one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it says why goods were sent from where."""
        raise AppendOnlyError("routing decisions are never deleted")

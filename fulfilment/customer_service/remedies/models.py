"""What was done for a customer, and the reasons it may have. Amounts in whole minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now

CODE_MAX, WORDS_MAX = 30, 300


class Reason(models.Model):
    """Why something is done for a customer: data, so that the shop counts what it wants to know."""

    code = models.SlugField(_("Code"), max_length=CODE_MAX, unique=True)
    title_de = models.CharField(_("German"), max_length=80)
    title_en = models.CharField(_("English"), max_length=80)
    is_active = models.BooleanField(_("In use"), default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.code

    @property
    def title(self) -> str:
        """In the reader's language."""
        return self.title_de if (get_language() or "de").startswith("de") else self.title_en


class Remedy(models.Model):
    """One thing that was done for a customer of an order. Kept for ever: it is evidence, and what complaints cost."""

    key = models.CharField(max_length=64, unique=True, help_text="one per form sent")
    act = models.CharField(_("What"), max_length=CODE_MAX)
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="remedies")
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="remedies"
    )
    reason = models.ForeignKey(Reason, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("Words"), max_length=WORDS_MAX, blank=True)
    amount_minor = models.PositiveBigIntegerField(
        default=0, help_text="what it is worth to the customer, gross"
    )
    cost_minor = models.PositiveBigIntegerField(
        default=0, help_text="what it costs the shop, as far as known"
    )
    currency = models.CharField(max_length=3, default="EUR")
    result = models.CharField(max_length=WORDS_MAX, blank=True, help_text="what happened, in words")
    facts = models.JSONField(
        default=dict, help_text="numbers of what was made: order, credit_note, return, voucher"
    )
    made_order = models.OneToOneField(
        "order.Order",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="made_by_remedy",
        help_text="the replacement",
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        permissions = [
            ("use_remedies", "May do something for a customer: replacement, reduction, goodwill, voucher"),
            ("approve_remedies", "May approve what is above the limit of colleagues"),
            ("change_reasons", "May change the reasons of remedies"),
        ]
        indexes = [
            models.Index(fields=["order", "act"], name="remedies_of_an_order"),
            models.Index(fields=["-at", "-id"], name="remedies_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(made_order__isnull=True) | Q(act="replacement"),
                name="remedies_order_of_replacement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} for order {self.order_id}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what was done for whom is kept."""
        raise ProtectedError("remedies are kept", {self})

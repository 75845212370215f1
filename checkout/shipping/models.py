"""Ways to deliver, as data: by country and weight, or to be fetched in the store."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

HOME, PICKUP = "home", "pickup"


class DeliveryMethod(models.Model):
    """A delivery method as shown to the shopper."""

    code = models.SlugField(max_length=30, unique=True)
    kind = models.CharField(
        max_length=10, choices=[(HOME, _("Home delivery")), (PICKUP, _("Pick-up in the store"))]
    )
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    texts = models.JSONField(default=dict, blank=True)
    carrier = models.CharField(max_length=40, blank=True)
    days_min = models.PositiveSmallIntegerField(default=1)
    days_max = models.PositiveSmallIntegerField(default=3)
    enabled = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def text(self, field: str) -> str:
        """``name`` or ``description`` in the reader's language."""
        language = (get_language() or "").split("-")[0]
        return str(self.texts.get(language, {}).get(field) or getattr(self, field))


class DeliveryCharge(models.Model):
    """The gross charge of a method for a country up to a weight. The lightest band that fits applies."""

    method = models.ForeignKey(DeliveryMethod, on_delete=models.CASCADE, related_name="charges")
    country = models.CharField(max_length=2, help_text="ISO code")
    weight_to_g = models.PositiveIntegerField()
    gross_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    free_from_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="free above this goods total"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["method", "country", "weight_to_g"], name="shipping_one_band"),
            models.CheckConstraint(condition=Q(weight_to_g__gt=0), name="shipping_band_weight"),
        ]
        ordering = ["method", "country", "weight_to_g"]

    def __str__(self) -> str:
        return f"{self.method_id} {self.country} up to {self.weight_to_g} g"


from oscar.apps.shipping.models import *  # noqa: E402, F403

"""Recalls: which lots are called back and why, and what each customer who got some of them is told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from fulfilment.warehouse.stock.models import Lot
from shop.kernel.clock import now

from .states import NOTICE, RECALL

TEXT_MAX_CHARS = 2_000


class Recall(models.Model):
    """One recall of lots of one article. Its texts are what customers read, in their language."""

    machine = RECALL

    number = models.CharField(max_length=20, unique=True)
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="recalls")
    state = models.CharField(max_length=10, choices=RECALL.choices, default=RECALL.initial, db_index=True)
    reason_de = models.TextField(_("Why, in German"), max_length=TEXT_MAX_CHARS)
    reason_en = models.TextField(_("Why, in English"), max_length=TEXT_MAX_CHARS)
    advice_de = models.TextField(_("What to do, in German"), max_length=TEXT_MAX_CHARS)
    advice_en = models.TextField(_("What to do, in English"), max_length=TEXT_MAX_CHARS)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("manage_recalls", "May recall lots and write to the customers who got them")]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    def reason(self, language: str) -> str:
        """Why, in the customer's language; English for everybody who does not read German."""
        return self.reason_de if language.startswith("de") else self.reason_en

    def advice(self, language: str) -> str:
        """What to do, in the customer's language; English for everybody who does not read German."""
        return self.advice_de if language.startswith("de") else self.advice_en

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who was told what must stay known."""
        raise ProtectedError("recalls are closed, never deleted", {self})


class RecalledLot(models.Model):
    """A lot (or serial number) of a recall."""

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="recalls")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recall", "lot"], name="recalls_lot_once")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"lot {self.lot_id} of recall {self.recall_id}"


class Notice(models.Model):
    """What the customer of one order is told. ``lines``: order_line_id, title, sku, quantity, lots (codes) and parcels
    (numbers) each, as known when the notice was prepared; sent once."""

    machine = NOTICE

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="notices")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="recall_notices")
    lines = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=NOTICE.choices, default=NOTICE.initial)
    sent_at = models.DateTimeField(null=True, blank=True)
    mail_id = models.BigIntegerField(null=True, blank=True, help_text="pushed down by notifications")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recall", "order"], name="recalls_notice_once")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"notice of recall {self.recall_id} for order {self.order_id} ({self.state})"

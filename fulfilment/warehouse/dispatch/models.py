"""Parcels: which pieces of which order travel together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import PickList
from shop.kernel.clock import now

from .states import PARCEL

SENT, HANDED_OVER = "parcel", "handover"


class Parcel(models.Model):
    """One parcel of an order (or what is handed over in the store). ``number`` is on its slip as a barcode."""

    machine = PARCEL
    KINDS = [(SENT, _("parcel")), (HANDED_OVER, _("pick-up in the store"))]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="parcels")
    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="parcels")
    number = models.CharField(max_length=140, unique=True)
    sequence = models.PositiveIntegerField(help_text="1 for the order's first parcel")
    kind = models.CharField(max_length=10, choices=KINDS, default=SENT)
    state = models.CharField(max_length=12, choices=PARCEL.choices, default=PARCEL.initial)
    carrier = models.CharField(max_length=40, blank=True)
    tracking_number = models.CharField(max_length=40, blank=True)
    weight_g = models.PositiveIntegerField(default=0)
    packed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    packed_at = models.DateTimeField(default=now)
    dispatched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="dispatch_parcel_sequence"),
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="dispatch_tracking_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "-packed_at"], name="dispatch_by_state")]
        permissions = [("dispatch_parcels", "May pack and dispatch parcels")]
        ordering = ["-packed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    @property
    def is_handover(self) -> bool:
        """Whether the customer fetches it in the store."""
        return self.kind == HANDED_OVER

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a parcel is unpacked, never deleted."""
        raise ProtectedError("parcels are unpacked, never deleted", {self})


class ParcelLine(models.Model):
    """Pieces of one order line in one parcel."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "order_line"], name="dispatch_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="dispatch_line_holds_something"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.order_line_id}"

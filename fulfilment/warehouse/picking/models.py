"""Pick lists: what to fetch for an order, from which bin, in the order of the walk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from fulfilment.warehouse.stock.models import Bin
from shop.kernel.clock import now

from .states import PICK_LINE, PICK_LIST


class PickList(models.Model):
    """Exactly one per confirmed order; it opens again when missing pieces come."""

    machine = PICK_LIST

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="pick_list")
    state = models.CharField(
        _("State"), max_length=10, choices=PICK_LIST.choices, default=PICK_LIST.initial, db_index=True
    )
    picker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    packing_place = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=0, help_text="raised with each packing: compare-and-set")
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    picked_at = models.DateTimeField(null=True, blank=True)
    put_back_at = models.DateTimeField(
        null=True, blank=True, help_text="cancelled: goods are in their bins again"
    )

    class Meta:
        permissions = [("pick_orders", "May pick orders")]
        indexes = [models.Index(fields=["state", "created_at"], name="picking_by_state")]
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"pick list {self.pk} of order {self.order_id} ({self.state})"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who picked what is part of the order's story."""
        raise ProtectedError("pick lists are cancelled, never deleted", {self})


class PickLine(models.Model):
    """Pieces of one order line to take from one bin. Without a bin: nowhere found, short from the start."""

    machine = PICK_LINE

    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="pick_lines")
    stockrecord = models.ForeignKey(
        StockRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="pick_lines"
    )
    bin = models.ForeignKey(Bin, null=True, blank=True, on_delete=models.PROTECT, related_name="pick_lines")
    quantity = models.PositiveIntegerField(help_text="pieces to take here")
    quantity_picked = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0, help_text="turn on the walk")
    state = models.CharField(max_length=10, choices=PICK_LINE.choices, default=PICK_LINE.initial)
    put_back = models.BooleanField(
        default=False, help_text="the order was cancelled, the pieces are in the bin again"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="picking_line_wants_something"),
            # Stands behind two scans of the same line at the same moment: the second one is refused.
            models.CheckConstraint(
                condition=Q(quantity_picked__lte=F("quantity")), name="picking_never_more_than_wanted"
            ),
        ]
        indexes = [
            models.Index(fields=["bin", "stockrecord"], condition=Q(state="open"), name="picking_planned")
        ]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.quantity_picked} of {self.quantity} for line {self.order_line_id} ({self.state})"

    @property
    def quantity_open(self) -> int:
        """Pieces still to be scanned here; 0 once the line is closed."""
        return self.quantity - self.quantity_picked if self.state == "open" else 0

    @property
    def quantity_missing(self) -> int:
        """Pieces that could not be found here."""
        return self.quantity - self.quantity_picked if self.state == "short" else 0

"""Parcels: which pieces of which order travel together, in which carton, and what stood on the scanner's display.

Labels are in ``label_models.py``, manifests and tracking states in ``carrier_models.py``; this file names them all.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Line, Order
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock.models import Lot
from shop.kernel.clock import now

from .states import PARCEL

SENT, HANDED_OVER = "parcel", "handover"


class Carton(models.Model):
    """A kind of box that parcels are packed in; measures are the inner ones."""

    code = models.CharField(_("Code"), max_length=20, unique=True)
    name = models.CharField(_("Name"), max_length=80, blank=True)
    length_mm = models.PositiveIntegerField(_("Inner length in mm"))
    width_mm = models.PositiveIntegerField(_("Inner width in mm"))
    height_mm = models.PositiveIntegerField(_("Inner height in mm"))
    weight_g = models.PositiveIntegerField(_("Own weight in g"))
    max_weight_g = models.PositiveIntegerField(_("Takes up to g"), help_text=_("Goods and carton together."))
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(length_mm__gt=0, width_mm__gt=0, height_mm__gt=0)
                & Q(max_weight_g__gt=F("weight_g")),
                name="dispatch_carton_holds_something",
            )
        ]
        permissions = [("manage_cartons", "May enter and change cartons")]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def sides(self) -> tuple[int, int, int]:
        """Inner measures in millimetres."""
        return self.length_mm, self.width_mm, self.height_mm


#: What was done about a lost parcel.
REPLACED, REFUNDED, OTHERWISE = "replaced", "refunded", "otherwise"
LOSS_ENDS = [
    (REPLACED, _("a replacement was sent")),
    (REFUNDED, _("the money went back")),
    (OTHERWISE, _("settled otherwise")),
]


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
    weight_g = models.PositiveIntegerField(default=0, help_text="as weighed, else as expected")
    expected_weight_g = models.PositiveIntegerField(default=0, help_text="articles and carton added up")
    carton = models.ForeignKey(
        Carton, null=True, blank=True, on_delete=models.PROTECT, related_name="parcels", db_index=False
    )
    manifest = models.ForeignKey(
        "Manifest", null=True, blank=True, on_delete=models.PROTECT, related_name="parcels"
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="when the carrier was last asked where it is"
    )
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
    loss_closed_as = models.CharField(
        max_length=12,
        choices=LOSS_ENDS,
        blank=True,
        help_text="what was done about a lost parcel; empty: open",
    )
    loss_note = models.CharField(max_length=200, blank=True)
    loss_closed_at = models.DateTimeField(null=True, blank=True)
    loss_closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="dispatch_parcel_sequence"),
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="dispatch_tracking_once",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-packed_at"], name="dispatch_by_state"),
            models.Index(
                fields=["order"],
                name="dispatch_loss_open",
                condition=Q(state="lost", loss_closed_as=""),
            ),
        ]
        permissions = [("dispatch_parcels", "May pack and dispatch parcels")]
        ordering = ["-packed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    @property
    def is_handover(self) -> bool:
        """Whether the customer fetches it in the store."""
        return self.kind == HANDED_OVER

    @property
    def is_open_loss(self) -> bool:
        """Whether it is lost, and somebody has still to see to the customer."""
        return self.state == "lost" and not self.loss_closed_as

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


class ParcelLot(models.Model):
    """Pieces of one lot in one parcel: a recall finds its parcels by it."""

    parcel_line = models.ForeignKey(ParcelLine, on_delete=models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="parcel_lots")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel_line", "lot"], name="dispatch_lot_once_per_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="dispatch_lot_holds_something"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} of lot {self.lot_id}"


class PackScan(models.Model):
    """One scan at the packing table. Those without a parcel, not taken back, are what lies in the open carton."""

    scan_id = models.UUIDField(
        unique=True, help_text="of the page that sent it: the same one twice counts once"
    )
    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="pack_scans")
    order_line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=200)
    lot = models.ForeignKey(
        Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField()
    taken_back = models.BooleanField(default=False)
    parcel = models.ForeignKey(
        Parcel, null=True, blank=True, on_delete=models.PROTECT, related_name="scans", db_index=False
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="dispatch_scan_counts_something")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.order_line_id} by {self.code}"


from .carrier_models import Manifest, TrackingState  # noqa: E402  (they refer to what stands above)
from .label_models import CONSENT, CONTACT_REASON_MAX_CHARS, Label, LabelFile  # noqa: E402

__all__ = [
    "CONSENT",
    "CONTACT_REASON_MAX_CHARS",
    "HANDED_OVER",
    "LOSS_ENDS",
    "SENT",
    "Carton",
    "Label",
    "LabelFile",
    "Manifest",
    "PackScan",
    "Parcel",
    "ParcelLine",
    "ParcelLot",
    "TrackingState",
]

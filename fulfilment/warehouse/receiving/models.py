"""Returns: which pieces of an order come back, what was found in the parcel, and where each piece went."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.stock.models import Bin, Lot, Movement
from shop.kernel.clock import now, today

from .states import ACCEPTANCE, AT_THE_DOCK, EXPECTED, RECEPTION, RETURN

GRADE_A, GRADE_B, DEFECT, SCRAP = "a", "b", "defect", "scrap"
GRADES = [
    (GRADE_A, _("A: like new")),
    (GRADE_B, _("B: usable, with traces")),
    (DEFECT, _("Defect")),
    (SCRAP, _("Scrap")),
]
SHELF, TO_B_STOCK, ASIDE, DISPOSAL = "shelf", "b_stock", "quarantine", "disposal"
DISPOSITIONS = [
    (SHELF, _("shelf, for sale")),
    (TO_B_STOCK, _("B stock")),
    (ASIDE, _("quarantine")),
    (DISPOSAL, _("disposal")),
]


#: How pieces that the shop did not take go back to the customer.
OWN_LABEL, CARRIER_LABEL, NO_PARCEL = "own", "carrier", "none"
WAYS_BACK = [
    (OWN_LABEL, _("in a parcel with our own label")),
    (CARRIER_LABEL, _("in a parcel with a carrier's label")),
    (NO_PARCEL, _("without a parcel: fetched, or not wanted back")),
]


class Return(models.Model):
    """One parcel that comes back for one order. ``number`` is on its slip as a barcode."""

    machine = RETURN

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    parcel = models.ForeignKey(
        Parcel, null=True, blank=True, on_delete=models.PROTECT, related_name="returns"
    )
    state = models.CharField(max_length=12, choices=RETURN.choices, default=RETURN.initial)
    cause = models.CharField(
        max_length=80,
        blank=True,
        help_text="what announced it: withdrawal:W10001, parcel:K10001-1; empty: the dock",
    )
    announced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    announced_at = models.DateTimeField(default=now)
    tracking_number = models.CharField(
        max_length=40, blank=True, db_index=True, help_text="of the parcel that comes, as its customer says"
    )
    expected_by = models.DateField(null=True, blank=True, help_text="late after this day")
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    given_back_at = models.DateTimeField(
        null=True, blank=True, help_text="when what the shop did not take left for the customer again"
    )
    given_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    given_back_way = models.CharField(max_length=10, choices=WAYS_BACK, blank=True)
    given_back_number = models.CharField(max_length=40, blank=True, help_text="tracking number")
    given_back_note = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0, help_text="raised with each booking: holds the row")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "cause"], condition=~Q(cause=""), name="receiving_announced_once"
            )
        ]
        indexes = [
            models.Index(fields=["state", "-announced_at"], name="receiving_by_state"),
            models.Index(fields=["-announced_at", "-id"], name="receiving_newest"),
        ]
        permissions = [
            ("view_returns", "May see returns"),
            ("receive_returns", "May unpack returns at the dock"),
            ("settle_returns", "May authorise returns and decide what is accepted"),
        ]
        ordering = ["-announced_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.number} ({self.state})"

    @property
    def is_expected(self) -> bool:
        """Whether the house still waits for it."""
        return self.state in EXPECTED

    @property
    def may_arrive(self) -> bool:
        """Whether the dock may unpack it: expected, or given up and here after all."""
        return self.state in AT_THE_DOCK

    @property
    def is_late(self) -> bool:
        """Whether it should have come by now."""
        return self.is_expected and self.expected_by is not None and self.expected_by < today()

    @property
    def days_late(self) -> int:
        """Days since it should have come; 0 when it is not late."""
        return (today() - (self.expected_by or dt.date.max)).days if self.is_late else 0

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what came back is part of the order's story."""
        raise ProtectedError("returns are rejected or expire, never deleted", {self})


class ReturnItem(models.Model):
    """Pieces of one return with one fate. What was announced waits in one row per order line; each booking at the dock
    takes pieces from it into a row of their own. Wrong articles have no order line and are not ours: no stock."""

    machine = RECEPTION

    returning = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="items")
    order_line = models.ForeignKey(
        Line, null=True, blank=True, on_delete=models.PROTECT, related_name="return_items"
    )
    stockrecord = models.ForeignKey(
        StockRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    quantity = models.PositiveIntegerField()
    quantity_announced = models.PositiveIntegerField(default=0, help_text="how many of them were announced")
    reception = models.CharField(max_length=12, choices=RECEPTION.choices, default=RECEPTION.initial)
    acceptance = models.CharField(max_length=12, choices=ACCEPTANCE.choices, default=ACCEPTANCE.initial)
    grade = models.CharField(max_length=8, choices=GRADES, blank=True)
    disposition = models.CharField(max_length=12, choices=DISPOSITIONS, blank=True)
    bin = models.ForeignKey(Bin, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: The booking's last movement: what happened in the bin after it shows whether it can be undone.
    movement = models.ForeignKey(
        Movement, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    code = models.CharField(max_length=60, blank=True, help_text="as scanned, of a wrong article")
    key = models.CharField(
        max_length=32,
        null=True,
        blank=True,
        unique=True,
        help_text="of the form: a second click books nothing",
    )
    note = models.CharField(max_length=200, blank=True)
    value_minor = models.PositiveBigIntegerField(default=0, help_text="gross, set when settled")
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    booked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="receiving_item_is_something"),
            models.CheckConstraint(
                condition=Q(quantity_announced__lte=F("quantity")), name="receiving_item_announced"
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.order_line_id} ({self.reception}, {self.acceptance})"

"""Goods on the way between two sites: what was sent, what arrived, and every step with its person."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import Bin, Lot, Site
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

from .states import TRANSFER

ADDED, TAKEN_OFF, ARRIVED, SURPLUS, MISSING, WENT_BACK = (
    "added",
    "taken_off",
    "arrived",
    "surplus",
    "missing",
    "went_back",
)
NOTE_MAX_CHARS = 200


class Transfer(models.Model):
    """Goods of one site for another one. While they are on their way they lie in the target's transit bin."""

    machine = TRANSFER

    number = models.CharField(_("Number"), max_length=20, unique=True)
    source = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="transfers_in")
    state = models.CharField(
        _("State"), max_length=10, choices=TRANSFER.choices, default=TRANSFER.initial, db_index=True
    )
    note = models.CharField(_("Note"), max_length=NOTE_MAX_CHARS, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfers_to_another_site")
        ]
        permissions = [
            ("view_transfers", "May see transfers between sites"),
            ("move_between_sites", "May send goods to another site and receive them"),
        ]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def cause(self) -> str:
        """What its movements name as their cause."""
        return f"transfer:{self.number}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what moved, and who moved it, is part of the stock's story."""
        raise ProtectedError("transfers are cancelled, never deleted", {self})


class TransferLine(models.Model):
    """Pieces of one SKU (and lot) from one bin. ``quantity_back`` went back to the sender, ``quantity_missing`` was
    given up with a reason, ``quantity_surplus`` arrived beyond what was sent."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="transfer_lines")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", help_text="where it was taken")
    quantity = models.PositiveIntegerField(help_text="pieces sent")
    quantity_received = models.PositiveIntegerField(default=0)
    quantity_surplus = models.PositiveIntegerField(default=0)
    quantity_missing = models.PositiveIntegerField(default=0)
    quantity_back = models.PositiveIntegerField(default=0)
    difference_why = models.CharField(max_length=NOTE_MAX_CHARS, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transfers_line_sends_something"),
            # Stands behind two people who receive the same pieces at the same moment.
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=F("quantity_received") + F("quantity_missing") + F("quantity_back")
                ),
                name="transfers_never_more_than_sent",
            ),
            models.UniqueConstraint(
                fields=["transfer", "stockrecord", "bin"],
                condition=Q(lot=None),
                name="transfers_line_once",
            ),
            models.UniqueConstraint(
                fields=["transfer", "stockrecord", "bin", "lot"],
                condition=~Q(lot=None),
                name="transfers_line_once_per_lot",
            ),
        ]
        ordering = ["bin__sequence", "bin__code", "pk"]

    def __str__(self) -> str:
        return f"{self.quantity_received} of {self.quantity} of {self.stockrecord_id}"

    @property
    def quantity_open(self) -> int:
        """Pieces sent of which nobody has said yet what became of them."""
        return self.quantity - self.quantity_received - self.quantity_missing - self.quantity_back

    @property
    def difference(self) -> int:
        """Pieces more (+) or fewer (-) than were sent, as far as it is known."""
        return self.quantity_surplus - self.quantity_missing


class TransferStep(models.Model):
    """One thing a person did to a transfer. Append-only: the history, and what keeps a form sent twice from counting
    twice (``key``)."""

    KINDS = [
        (ADDED, _("added")),
        (TAKEN_OFF, _("taken off the list")),
        (ARRIVED, _("arrived")),
        (SURPLUS, _("more than was sent")),
        (MISSING, _("missing")),
        (WENT_BACK, _("back to the sender")),
    ]

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=KINDS)
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="+")
    bin = models.ForeignKey(Bin, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    value_minor = models.BigIntegerField(default=0, help_text="surplus and missing: signed, told to finance")
    why = models.CharField(max_length=NOTE_MAX_CHARS, blank=True)
    key = models.CharField(max_length=32, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "key"], condition=~Q(key=""), name="transfers_step_once"
            )
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.stockrecord_id} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("steps of a transfer are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: history is kept."""
        raise AppendOnlyError("steps of a transfer are never deleted")

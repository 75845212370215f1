"""Bank receipts recorded by hand, and the orders they were assigned to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

from .states import RECEIPT


class Receipt(models.Model):
    """Money on the bank account. What is not assigned yet counts as unexplained."""

    machine = RECEIPT

    booked_on = models.DateField(_("Date on the bank statement"))
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    payer = models.CharField(_("Payer"), max_length=140, blank=True)
    payer_iban = models.CharField("IBAN", max_length=34, blank=True)
    text = models.CharField(_("Text of the transfer"), max_length=500, blank=True)
    reference = models.CharField(
        _("Reference on the statement"),
        max_length=80,
        help_text=_("For instance number and line of the statement"),
    )
    state = models.CharField(_("State"), max_length=16, choices=RECEIPT.choices, default=RECEIPT.initial)
    assigned_minor = models.PositiveBigIntegerField(default=0)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            # A receipt typed wrongly is withdrawn and may then be recorded again.
            models.UniqueConstraint(
                fields=["booked_on", "reference"],
                condition=~Q(state="withdrawn"),
                name="reconciliation_receipt_once",
            ),
            models.CheckConstraint(
                condition=Q(assigned_minor__lte=F("amount_minor")), name="reconciliation_not_more_than_came"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reconciliation_receipt_positive"),
        ]
        indexes = [
            models.Index(fields=["-booked_on", "-id"], name="reconciliation_newest"),
            models.Index(
                fields=["booked_on"],
                condition=Q(state__in=("open", "partly_assigned")),
                name="reconciliation_unexplained",
            ),
        ]
        permissions = [
            ("view_receipts", "May see bank receipts"),
            ("record_receipts", "May record bank receipts, assign them and undo that"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_minor} {self.currency} {self.payer}"

    @property
    def left_minor(self) -> int:
        """What nobody has explained yet, in minor units."""
        return 0 if self.state == "withdrawn" else self.amount_minor - self.assigned_minor

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a receipt typed wrongly is withdrawn, which the ledger reverses."""
        raise ProtectedError("receipts are withdrawn, never deleted", {self})


class Assignment(models.Model):
    """A part of a receipt explained: it pays for an order (and this invoice first), or its dunning costs."""

    PAYMENT, DUNNING_COSTS = "payment", "dunning_costs"
    KINDS = [(PAYMENT, _("Payment")), (DUNNING_COSTS, _("Dunning fee and interest"))]

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="assignments")
    kind = models.CharField(max_length=14, choices=KINDS, default=PAYMENT)
    account = models.ForeignKey(
        "invoicing.OrderAccount", on_delete=models.PROTECT, related_name="assignments"
    )
    invoice = models.ForeignKey(
        "invoicing.Invoice", null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    amount_minor = models.PositiveBigIntegerField()
    rounding_minor = models.PositiveBigIntegerField(default=0, help_text="given up as rounding difference")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reconciliation_assignment_positive")
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of receipt {self.receipt_id}"

    @property
    def source(self) -> str:
        """What the ledger and the order's account know it by."""
        return f"assignment:{self.pk}"

    @property
    def rounding_source(self) -> str:
        """The same for the difference given up with it."""
        return f"rounding:{self.pk}"

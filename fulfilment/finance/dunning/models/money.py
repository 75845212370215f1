"""What became of claims: paid in parts, or given up; and what came in after all. Amounts in minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from checkout.payment.models import Payment
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.models import Assignment
from shop.kernel.clock import now

from .letters import DunningClaim

UNCOLLECTABLE, INSOLVENT, UNKNOWN, TOO_SMALL, GOODWILL = (
    "uncollectable",
    "insolvent",
    "unknown",
    "too_small",
    "settled",
)
WRITE_OFF_REASONS = (
    (UNCOLLECTABLE, _("cannot be collected")),
    (INSOLVENT, _("insolvent")),
    (UNKNOWN, _("moved away, address unknown")),
    (TOO_SMALL, _("costs more than it brings")),
    (GOODWILL, _("settled for less")),
)


class ClaimPayment(models.Model):
    """A part of a bank receipt, or of a card payment, that paid interest, costs or lump sum. Undone with that, never
    deleted."""

    claim = models.ForeignKey(DunningClaim, on_delete=models.PROTECT, related_name="payments")
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.PROTECT, related_name="dunning_payments"
    )
    card = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="dunning_payments"
    )
    amount_minor = models.PositiveBigIntegerField()
    paid_on = models.DateField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "assignment"], name="dunning_claim_paid_once"),
            models.UniqueConstraint(
                fields=["claim", "card"], condition=Q(undone_at=None), name="dunning_claim_paid_once_by_card"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dunning_claim_payment_positive"),
            models.CheckConstraint(
                condition=Q(assignment=None, card__isnull=False) | Q(assignment__isnull=False, card=None),
                name="dunning_claim_payment_by_one_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} on claim {self.claim_id}"


class WriteOff(models.Model):
    """An invoice, or a part of it, that will not be paid: its net is lost, its VAT corrected (§ 17 (2) Nr. 1 UStG)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="write_offs")
    amount_minor = models.PositiveBigIntegerField(_("Written off"))
    taxes = models.JSONField(help_text="country, rate_bp, net_minor, vat_minor per rate")
    reason_code = models.CharField(_("Reason"), max_length=20, choices=WRITE_OFF_REASONS)
    reason = models.CharField(max_length=300)
    booked_on = models.DateField(_("Date"))
    recovered_minor = models.PositiveBigIntegerField(default=0, help_text="came in after all")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-booked_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dunning_write_off_positive"),
            models.CheckConstraint(
                condition=Q(recovered_minor__lte=F("amount_minor")), name="dunning_write_off_recovered"
            ),
        ]
        permissions = [
            ("write_off", "May write claims off"),
            ("approve_write_off", "May approve write-offs of others"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.invoice_id} written off"

    @property
    def source(self) -> str:
        """The fact in the ledger and on the order's account."""
        return f"write-off:{self.pk}"

    @property
    def left_minor(self) -> int:
        """What of it is still lost."""
        return 0 if self.reversed_at else self.amount_minor - self.recovered_minor

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is reversed instead."""
        raise ProtectedError("write-offs are reversed, never deleted", {self})


class Recovery(models.Model):
    """Money that came for a claim after it was written off: so much of the claim stands again, with its VAT."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="recoveries")
    amount_minor = models.PositiveBigIntegerField()
    taxes = models.JSONField()
    fact = models.CharField(max_length=120, unique=True, help_text="the money: a retry finds the row")
    booked_on = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.write_off_id} came in"

    @property
    def source(self) -> str:
        """The fact in the ledger and on the order's account."""
        return f"recovery:{self.pk}"

"""Levels, base rates, holds, notices and the claims they make. Amounts in minor units, rates in basis points."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.clock import now


class DunningPolicy(models.Model):
    """One row: what applies to all levels."""

    automatic = models.BooleanField(_("Send by itself every night"), default=True)
    consumer_points_bp = models.PositiveIntegerField(
        _("Points above the base rate, consumers"),
        default=500,
        help_text=_("§ 288 (1) BGB: 5 percentage points"),
    )
    business_points_bp = models.PositiveIntegerField(
        _("Points above the base rate, businesses"),
        default=900,
        help_text=_("§ 288 (2) BGB: 9 percentage points"),
    )
    lump_sum_minor = models.PositiveBigIntegerField(
        _("Lump sum for businesses in cents, once"), default=4000, help_text=_("§ 288 (5) BGB: 40 EUR")
    )
    holidays_state = models.CharField(_("Holidays of"), max_length=4, default="HH", help_text=_("§ 193 BGB"))
    receipts_checked_within_days = models.PositiveSmallIntegerField(
        _("Bank receipts must be newer than (days)"),
        null=True,
        blank=True,
        help_text=_("Empty: not checked. Otherwise nobody is reminded while receipts may be missing."),
    )

    costs_first = models.BooleanField(
        _("Costs and interest first"),
        default=True,
        help_text=_("§ 367 (1) BGB: money without words pays costs, then interest, then the invoice"),
    )
    link_days = models.PositiveSmallIntegerField(_("Payment link valid for (days)"), default=60)
    promise_days = models.PositiveSmallIntegerField(
        _("A promise to pay may lie ahead (days)"), default=21, help_text=_("for customers; staff: a year")
    )
    promise_whole = models.BooleanField(
        _("Customers promise the whole letter"),
        default=True,
        help_text=_(
            "A promise of less stops letters for all of it: payments in parts are agreed with staff."
        ),
    )
    handover_after_days = models.PositiveSmallIntegerField(
        _("On the hand-over list after the last term (days)"), default=5
    )

    history = HistoricalRecords()

    def __str__(self) -> str:
        return "dunning policy"


class DunningLevel(models.Model):
    """One level: 0 the friendly reminder, then notices, the last one final."""

    level = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(_("Name"), max_length=60)
    texts = models.JSONField(default=dict, help_text="language -> title, opening, closing")
    days_after = models.PositiveSmallIntegerField(
        _("Days after the due date or the last notice's term"), default=7
    )
    term_days = models.PositiveSmallIntegerField(_("New term in days"), default=7)
    fee_minor = models.PositiveIntegerField(
        _("Costs in cents"),
        default=0,
        help_text=_("Only real postage and material; the notice that causes default is free"),
    )
    causes_default = models.BooleanField(_("Causes default"), default=False, help_text=_("§ 286 (1) BGB"))
    charges_interest = models.BooleanField(_("Charges interest"), default=False)
    minimum_minor = models.PositiveBigIntegerField(_("Smallest open amount in cents"), default=100)
    letter = models.BooleanField(_("Also as a letter"), default=False)
    enabled = models.BooleanField(_("In use"), default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["level"]
        permissions = [
            ("view_dunning", "May see dunning proposals and notices"),
            ("run_dunning", "May send dunning notices and hold customers"),
            ("change_policy", "May change levels, interest and base rates"),
        ]

    def __str__(self) -> str:
        return self.name

    def text(self, part: str, language: str) -> str:
        """``title``, ``opening`` or ``closing`` in a language, else in German."""
        return str(self.texts.get(language, {}).get(part) or self.texts.get("de", {}).get(part) or self.name)


class BaseRate(models.Model):
    """The base rate of § 247 BGB from a day on; may be negative."""

    valid_from = models.DateField(unique=True)
    rate_bp = models.IntegerField(_("Rate in basis points"))
    source = models.CharField(max_length=200)

    history = HistoricalRecords()

    class Meta:
        ordering = ["-valid_from"]

    def __str__(self) -> str:
        return f"{self.rate_bp / 100:.2f} % from {self.valid_from}"


class DunningHold(models.Model):
    """Staff stop dunning for one invoice or one customer until a day, with a reason."""

    invoice = models.ForeignKey(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="dunning_holds"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="dunning_holds",
    )
    until = models.DateField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=False) | Q(user__isnull=False),
                name="dunning_hold_names_something",
            )
        ]

    def __str__(self) -> str:
        return f"held until {self.until}: {self.reason}"

    @classmethod
    def active(cls, on: dt.date) -> models.QuerySet[DunningHold]:
        """Holds in force on a day."""
        return cls.objects.filter(lifted_at=None, until__gte=on)


class DunningNotice(models.Model):
    """One letter to one customer for all their items that were due for it. Never changed, never deleted."""

    number = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dunning_notices",
    )
    email = models.EmailField()
    language = models.CharField(max_length=8, default="de")
    issued_on = models.DateField()
    pay_until = models.DateField()
    currency = models.CharField(max_length=3, default="EUR")
    open_minor = models.PositiveBigIntegerField()
    interest_minor = models.PositiveBigIntegerField(default=0)
    fee_minor = models.PositiveBigIntegerField(default=0)
    lump_sum_minor = models.PositiveBigIntegerField(default=0)
    earlier_minor = models.PositiveBigIntegerField(
        default=0, help_text="interest and costs that earlier letters asked for and that are still open"
    )
    facts = models.JSONField(help_text="everything printed: seller, recipient, texts, payment")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-issued_on", "-pk"]
        constraints = [models.UniqueConstraint(fields=["number"], name="dunning_notice_number")]

    def __str__(self) -> str:
        return self.number

    @property
    def total_minor(self) -> int:
        """What the letter asks for."""
        added = self.interest_minor + self.fee_minor + self.lump_sum_minor + self.earlier_minor
        return self.open_minor + added

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: letters that were sent are kept."""
        raise ProtectedError("dunning notices are kept", {self})


class DunningItem(models.Model):
    """One invoice in a notice; unique per invoice and level, which is what makes a second run change nothing."""

    notice = models.ForeignKey(DunningNotice, on_delete=models.PROTECT, related_name="items")
    # The constraint on invoice and level is the index: a second one would be written a million times for nothing.
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="dunning_items", db_index=False
    )
    level = models.PositiveSmallIntegerField()
    days_overdue = models.PositiveIntegerField()
    open_minor = models.PositiveBigIntegerField()
    interest_minor = models.PositiveBigIntegerField(default=0)
    interest_until = models.DateField(null=True, blank=True, help_text="interest is charged up to this day")
    fee_minor = models.PositiveBigIntegerField(default=0)
    earlier_minor = models.PositiveBigIntegerField(default=0, help_text="open from earlier letters")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "level"], name="dunning_once_per_invoice_and_level")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.invoice_id} at level {self.level}"


class DunningClaim(models.Model):
    """Interest, costs or lump sum asked for: a memo claim until paid, and still open when only the principal is."""

    INTEREST, FEE, LUMP_SUM = "interest", "fee", "lump_sum"
    KINDS = [(INTEREST, _("Default interest")), (FEE, _("Costs")), (LUMP_SUM, _("Lump sum"))]

    # As above: the constraint begins with the notice.
    notice = models.ForeignKey(DunningNotice, on_delete=models.PROTECT, related_name="claims", db_index=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="dunning_claims")
    kind = models.CharField(max_length=10, choices=KINDS)
    amount_minor = models.PositiveBigIntegerField()
    paid_minor = models.PositiveBigIntegerField(default=0)
    waived_at = models.DateTimeField(null=True, blank=True)
    waived_why = models.CharField(max_length=300, blank=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "invoice", "kind"], name="dunning_claim_once"),
            models.CheckConstraint(condition=Q(paid_minor__lte=F("amount_minor")), name="dunning_claim_paid"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"

    @property
    def left_minor(self) -> int:
        """What of it is still asked for: neither paid nor waived."""
        return 0 if self.waived_at else self.amount_minor - self.paid_minor

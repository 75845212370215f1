"""Invoices as they were issued, and what was paid on them.

Every fact of an invoice is copied onto it and never changes (``FACTS``; the model refuses, and a database trigger
behind it); only what happens to it afterwards does: state, paid, open, files, hold.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

from .states import INVOICE

INVOICE_KIND, CREDIT_NOTE, CANCELLATION = "invoice", "credit_note", "cancellation"
KINDS = [
    (INVOICE_KIND, _("Invoice")),
    (CREDIT_NOTE, _("Credit note")),
    (CANCELLATION, _("Cancellation")),
]
#: Number series per kind (R: Rechnung, RK: Rechnungskorrektur, RS: Stornorechnung).
SERIES = {INVOICE_KIND: "R", CREDIT_NOTE: "RK", CANCELLATION: "RS"}
OPEN_STATES = ("issued", "part_paid")


class FactsAreFixed(ValueError):
    """An issued document is never changed; it is corrected by a further one that names it."""


class MerchantProfile(models.Model):
    """Who issues the invoices: one row (pk 1). Its facts are copied onto every document on the day of issue."""

    name = models.CharField(_("Company"), max_length=120)
    trading_name = models.CharField(_("Name of the shop"), max_length=120, blank=True)
    street = models.CharField(_("Street"), max_length=120)
    postcode = models.CharField(_("Postcode"), max_length=12)
    city = models.CharField(_("City"), max_length=80)
    country = models.CharField(_("Country"), max_length=2, default="DE")
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    tax_number = models.CharField(_("Tax number"), max_length=30, blank=True)
    register = models.CharField(_("Commercial register"), max_length=120, blank=True)
    managers = models.CharField(_("Managing directors"), max_length=200, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    bank_name = models.CharField(_("Bank"), max_length=80, blank=True)
    email = models.EmailField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    website = models.CharField(_("Website"), max_length=120, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="invoicing_one_merchant")]

    def __str__(self) -> str:
        return self.name


class OrderAccount(models.Model):
    """The debtor's side of one order: what came in for it and how much of that is laid on invoices.

    Whoever changes it updates ``version`` first and so holds the row until the end of the transaction: an invoice being
    issued and money arriving in the same moment queue here, on SQLite and PostgreSQL alike.
    """

    order = models.OneToOneField("order.Order", on_delete=models.PROTECT, related_name="account")
    order_number = models.CharField(max_length=128, db_index=True)
    currency = models.CharField(max_length=3, default="EUR")
    received_minor = models.BigIntegerField(
        default=0, help_text="sum of OrderMoney; negative when more went back"
    )
    allocated_minor = models.BigIntegerField(default=0, help_text="sum of active allocations")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=~Q(received_minor=F("allocated_minor")),
                name="invoicing_account_uneven",
            )
        ]

    def __str__(self) -> str:
        return f"account of {self.order_number}"

    @property
    def available_minor(self) -> int:
        """Money of the order that lies on no invoice; negative when more went back than came in."""
        return self.received_minor - self.allocated_minor

    @property
    def in_money_minor(self) -> int:
        """What came in for the order and did not go back, without what store credit paid. One query."""
        rows = self.money.filter(kind=OrderMoney.BALANCE, undone_at__isnull=True)
        return self.received_minor - int(rows.aggregate(total=models.Sum("amount_minor"))["total"] or 0)


class OrderMoney(models.Model):
    """Money for an order, or back from it (negative): one row per fact, amounts never change."""

    CARD, TRANSFER, CREDIT, ROUNDING = "card", "transfer", "credit", "rounding"
    REFUND, DISPUTE, CHARGES, WRITE_OFF = "refund", "dispute", "charges", "write_off"
    BALANCE = "balance"  #: the customer's store credit; negative: given back to it
    KINDS = [
        (CARD, _("Card payment")),
        (TRANSFER, _("Bank transfer")),
        (CREDIT, _("Credit note")),
        (ROUNDING, _("Rounding difference")),
        (REFUND, _("Refund")),
        (DISPUTE, _("Dispute")),
        (CHARGES, _("Charges of banks")),
        (WRITE_OFF, _("Written off")),
        (BALANCE, _("Store credit")),
    ]

    account = models.ForeignKey(OrderAccount, on_delete=models.PROTECT, related_name="money")
    kind = models.CharField(max_length=10, choices=KINDS)
    source = models.CharField(max_length=120, unique=True, help_text="the fact: a retry finds the row")
    amount_minor = models.BigIntegerField()
    allocated_minor = models.PositiveBigIntegerField(default=0, help_text="of it, laid on invoices")
    returned_minor = models.PositiveBigIntegerField(default=0, help_text="of it, went back to the customer")
    reference = models.CharField(max_length=120, blank=True)
    booked_on = models.DateField()
    created_at = models.DateTimeField(default=now)
    undone_at = models.DateTimeField(null=True, blank=True, help_text="the fact was undone: counts no more")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(allocated_minor=0, returned_minor=0)
                | Q(amount_minor__gte=F("allocated_minor") + F("returned_minor")),
                name="invoicing_money_spent_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"

    @property
    def available_minor(self) -> int:
        """What of it lies on no invoice and did not go back; 0 for money that went back or was undone."""
        if self.amount_minor < 0 or self.undone_at:
            return 0
        return self.amount_minor - self.allocated_minor - self.returned_minor


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Selections that dunning, credit and pages share."""

    def claims(self) -> InvoiceQuerySet:
        """Invoices proper, without credit notes and cancellations."""
        return self.filter(kind=INVOICE_KIND)

    def open(self) -> InvoiceQuerySet:
        """Claims on which something is still to be paid."""
        return self.claims().filter(state__in=OPEN_STATES, open_minor__gt=0)

    def overdue(self, on: dt.date) -> InvoiceQuerySet:
        """Open claims whose due date lies before ``on``."""
        return self.open().filter(due_on__lt=on)


class Invoice(models.Model):
    """An invoice, credit note or cancellation. Amounts are positive on all three: the kind carries the sign."""

    machine = INVOICE
    #: Fields that never change once issued.
    FACTS = (
        "number", "kind", "source", "order_id", "account_id", "order_number", "order_placed_on", "corrects_id",
        "currency", "net_minor", "vat_minor", "gross_minor", "prepaid_minor", "issued_on", "delivered_on", "due_on",
        "payment_method", "language", "vat_country", "seller", "buyer", "ship_to", "payment", "taxes", "charges",
        "notes", "reason", "buyer_reference", "replaces_id", "vat_check_id",
    )  # fmt: skip

    number = models.CharField(_("Number"), max_length=20, unique=True)
    kind = models.CharField(_("Kind"), max_length=12, choices=KINDS, default=INVOICE_KIND)
    source = models.CharField(
        max_length=100, unique=True, help_text="the fact behind it: parcel:<id>, cancel:<id>"
    )
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="invoices")
    account = models.ForeignKey(OrderAccount, on_delete=models.PROTECT, related_name="invoices")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="invoices"
    )
    order_number = models.CharField(max_length=128, db_index=True)
    order_placed_on = models.DateField()
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    replaces = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
        help_text="the cancelled invoice in whose place this one stands",
    )
    vat_check = models.ForeignKey(
        "vat_ids.VatIdCheck",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="invoices",
        help_text="the register's answer on which the tax of this document rests",
    )
    currency = models.CharField(max_length=3, default="EUR")
    net_minor = models.PositiveBigIntegerField()
    vat_minor = models.PositiveBigIntegerField()
    gross_minor = models.PositiveBigIntegerField()
    prepaid_minor = models.PositiveBigIntegerField(
        default=0, help_text="already paid on the day of issue (BT-113)"
    )
    issued_on = models.DateField(_("Date"))
    delivered_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(_("Due"))
    payment_method = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=8, default="de")
    vat_country = models.CharField(max_length=2, default="DE")
    seller = models.JSONField()
    buyer = models.JSONField()
    ship_to = models.JSONField(null=True, blank=True)
    payment = models.JSONField(null=True, blank=True, help_text="how to pay, or how it was paid")
    taxes = models.JSONField(help_text="country, category, rate_bp, net_minor, vat_minor per rate")
    charges = models.JSONField(default=list, help_text="shipping and discounts on the whole document")
    notes = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True, help_text="of a credit note or cancellation")
    buyer_reference = models.CharField(max_length=100, blank=True, help_text="BT-10: Leitweg-ID or the like")

    state = models.CharField(_("State"), max_length=12, choices=INVOICE.choices, default=INVOICE.initial)
    paid_minor = models.PositiveBigIntegerField(default=0)
    open_minor = models.PositiveBigIntegerField(default=0)
    held = models.BooleanField(
        default=False, help_text="a complaint or return is open: nobody asks for money"
    )
    held_reason = models.CharField(max_length=300, blank=True)
    xml_key = models.CharField(max_length=200, blank=True)
    xml_sha256 = models.CharField(max_length=64, blank=True)
    pdf_key = models.CharField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(kind=CANCELLATION), name="invoicing_cancelled_once"
            ),
            models.CheckConstraint(
                condition=Q(gross_minor=F("net_minor") + F("vat_minor")),
                name="invoicing_gross_is_net_and_vat",
            ),
            models.CheckConstraint(
                condition=~Q(kind=INVOICE_KIND) | Q(gross_minor=F("paid_minor") + F("open_minor")),
                name="invoicing_open_is_gross_less_paid",
            ),
        ]
        indexes = [
            # All that lists and sums of open items ask: on long books their rows lie each on a page of its own.
            models.Index(
                fields=["due_on", "kind", "state", "currency", "held", "open_minor", "id"],
                condition=Q(open_minor__gt=0),
                name="invoicing_open_items",
            ),
            models.Index(fields=["-issued_on", "-id"], name="invoicing_newest"),
            # What an order owes is laid on its invoices, and for tens of thousands of them nobody reads the rows.
            models.Index(
                fields=["order_number", "kind", "due_on", "id", "issued_on", "gross_minor"],
                name="invoicing_claims_of_order",
            ),
            models.Index(fields=["issued_on"], condition=Q(pdf_sha256=""), name="invoicing_without_file"),
        ]
        permissions = [
            ("view_invoices", "May see invoices and open items"),
            ("issue_credit_notes", "May issue credit notes and cancel invoices"),
            ("change_merchant", "May change the merchant's own data"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_claim(self) -> bool:
        """Whether it asks for money (an invoice proper)."""
        return self.kind == INVOICE_KIND

    def days_overdue(self, on: dt.date) -> int:
        """Days since the due date, 0 when not overdue or nothing is open."""
        return max(0, (on - self.due_on).days) if self.open_minor else 0

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Create; afterwards only what is no fact may be saved. Raises FactsAreFixed."""
        if self.pk and not self._state.adding:
            stored = type(self)._base_manager.get(pk=self.pk)
            changed = [name for name in self.FACTS if getattr(stored, name) != getattr(self, name)]
            if changed:
                raise FactsAreFixed(f"{self.number}: {', '.join(changed)} cannot be changed any more")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: invoices are kept for eight years (§ 14b UStG) and corrected by further documents."""
        raise ProtectedError("invoices are cancelled by a cancellation invoice, never deleted", {self})


class InvoiceLine(models.Model):
    """One line of an invoice, as printed. Immutable with its invoice."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    order_line_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    credits = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="credited_by"
    )
    reduces = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reduced_by",
        help_text="of a credit note: the line whose price this takes down, without pieces (§ 441 BGB)",
    )
    name = models.CharField(max_length=300)
    sku = models.CharField(max_length=128, blank=True)
    ean = models.CharField(max_length=14, blank=True)
    attributes = models.JSONField(default=list)
    quantity = models.PositiveIntegerField()
    gross_minor = models.PositiveBigIntegerField()
    discount_minor = models.PositiveBigIntegerField(default=0)
    discount_reason = models.CharField(
        max_length=120, blank=True, default="", help_text="empty: a discount, or what is kept"
    )
    rate_bp = models.PositiveIntegerField()
    category = models.CharField(max_length=2, default="S")
    vat_minor = models.PositiveBigIntegerField()
    kept_minor = models.PositiveBigIntegerField(
        default=0, help_text="of a credit note: what is not credited for these pieces, gross (§ 357a BGB)"
    )
    kept_vat_minor = models.PositiveBigIntegerField(default=0, help_text="the VAT inside it")
    reduced_minor = models.PositiveBigIntegerField(
        default=0,
        help_text="of what is kept: credited before, by a credit note that named no pieces (goodwill)",
    )
    reduced_vat_minor = models.PositiveBigIntegerField(default=0, help_text="the VAT inside it")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoicing_line_position"),
            models.CheckConstraint(
                condition=Q(kept_vat_minor__lte=F("kept_minor")), name="invoicing_line_kept_vat"
            ),
            models.CheckConstraint(
                condition=Q(reduced_minor__lte=F("kept_minor")), name="invoicing_line_reduced"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="invoicing_line_quantity"),
            models.CheckConstraint(condition=Q(vat_minor__lte=F("gross_minor")), name="invoicing_line_vat"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Create only; raises FactsAreFixed afterwards."""
        if self.pk and not self._state.adding:
            raise FactsAreFixed("the lines of an invoice cannot be changed any more")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused with the invoice."""
        raise ProtectedError("lines of invoices are never deleted", {self})


class Allocation(models.Model):
    """Money of an order laid on one of its invoices. Never deleted: taken back by ``reversed_at``."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    money = models.ForeignKey(OrderMoney, on_delete=models.PROTECT, related_name="allocations")
    amount_minor = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=now)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="invoicing_allocation_positive")
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} on {self.invoice_id}"

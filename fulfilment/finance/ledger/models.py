"""Accounts, periods, entries and their lines, attachments, seals. Only ``actions.post``, ``post_many`` and ``reverse``
write entries; the database's own triggers (``triggers.py``) hold what is promised here, whoever writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now

from .states import PERIOD

ASSET, LIABILITY, EQUITY, REVENUE, EXPENSE = "asset", "liability", "equity", "revenue", "expense"
ACCOUNT_KINDS = [
    (ASSET, _("Asset")),
    (LIABILITY, _("Liability")),
    (EQUITY, _("Equity")),
    (REVENUE, _("Revenue")),
    (EXPENSE, _("Expense")),
]

#: What an entry is about; each has one function in rules.py.
ENTRY_KINDS = [
    ("card_captured", _("Card payment")),
    ("invoice_issued", _("Invoice")),
    ("credit_note_issued", _("Credit note or cancellation")),
    ("refund_succeeded", _("Refund")),
    ("receipt_recorded", _("Bank receipt")),
    ("receipt_assigned", _("Receipt assigned")),
    ("goods_dispatched", _("Cost of goods dispatched")),
    ("goods_received", _("Goods received")),
    ("stock_opened", _("Opening stock")),
    ("goods_returned", _("Goods that came back")),
    ("goods_scrapped", _("Goods written off")),
    ("stock_difference", _("Difference of a count")),
    ("transfer_difference", _("Difference of a transfer")),
    ("payment_disputed", _("Payment disputed")),
    ("money_unmatched", _("Money without an order")),
    ("rounding_difference", _("Rounding difference")),
    ("dunning_costs_paid", _("Dunning fee and interest")),
    ("payout_arrived", _("Payout of the card provider")),
    ("provider_fee", _("Fee of the card provider")),
    ("receipt_explained", _("Other receipt")),
    ("disbursement_recorded", _("Money that left the bank")),
    ("disbursement_explained", _("What money that left was for")),
    ("charges_withheld", _("Bank charges withheld")),
    ("exchange_difference", _("Exchange difference")),
    ("written_off", _("Write-off")),
    ("write_off_recovered", _("Money for what was written off")),
    ("gift_card_sold", _("Gift card sold")),
    ("gift_card_used", _("Gift card used")),
    ("refunded_to_credit", _("Refund as store credit")),
    ("credit_spent", _("Paid with store credit")),
    ("credit_moved_along", _("Store credit of a merged account")),
    ("cash_sale", _("Sale at the till")),
    ("cash_difference", _("Difference of the till")),
    ("opening_balance", _("Opening balance")),
    ("manual", _("Manual entry")),
    ("reversal", _("Reversal")),
]


class Account(models.Model):
    """One account. Code knows roles (``receivable``), people know numbers (1400)."""

    number = models.CharField(_("Number"), max_length=10, unique=True)
    role = models.CharField(max_length=40, blank=True, help_text="what the rules call it; empty: own account")
    kind = models.CharField(_("Kind"), max_length=10, choices=ACCOUNT_KINDS)
    name_de = models.CharField(_("German name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120)
    is_active = models.BooleanField(
        default=True, db_default=True, help_text="own accounts nobody uses may be put away; the rules' never"
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=~Q(role=""), name="ledger_one_account_per_role"
            ),
            models.CheckConstraint(condition=Q(role="") | Q(is_active=True), name="ledger_roles_stay_active"),
        ]
        permissions = [
            ("view_ledger", "May see the ledger: trial balance, journal, account sheets"),
            ("reverse_entries", "May reverse entries of the ledger"),
            ("post_entries", "May post manual entries and opening balances"),
            ("approve_entries", "May approve manual entries above the limit"),
            ("manage_accounts", "May add, rename and put away accounts"),
            ("close_periods", "May close months and open softly closed ones again"),
            ("post_into_closed", "May post into a softly closed month, with a reason"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_de if (get_language() or "de").startswith("de") else self.name_en


class Period(models.Model):
    """A stretch of days, usually a month. Softly closed: only who gives a reason posts into it; hard: nobody ever (a
    trigger refuses both)."""

    machine = PERIOD

    first_day = models.DateField()
    last_day = models.DateField()
    state = models.CharField(
        _("State"), max_length=4, choices=PERIOD.choices, default=PERIOD.initial, db_default=PERIOD.initial
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="ledger_period_forward"),
            models.UniqueConstraint(fields=["first_day", "last_day"], name="ledger_period_once"),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"


class Entry(models.Model):
    """One entry of the journal: a draft while its lines are written, posted in the same transaction, then for ever."""

    source = models.CharField(
        max_length=120, unique=True, help_text="the fact behind it: a retry finds the entry"
    )
    kind = models.CharField(_("Kind"), max_length=30, choices=ENTRY_KINDS)
    booked_on = models.DateField(_("Date"))
    text = models.CharField(_("Text"), max_length=200, blank=True)
    document = models.CharField(_("Document"), max_length=60, blank=True, db_index=True)
    into_closed = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="why it stands in a closed month"
    )
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    correlation_id = models.CharField(max_length=64, null=True, blank=True, help_text="of what it came from")
    created_at = models.DateTimeField(default=now)
    posted_at = models.DateTimeField(null=True, blank=True, help_text="empty: still a draft")

    class Meta:
        indexes = [
            models.Index(fields=["booked_on", "id"], name="ledger_entry_by_day"),
            models.Index(
                fields=["correlation_id"],
                name="ledger_entry_thread",
                condition=Q(correlation_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.source}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what was booked is corrected by a reversal (§ 146 (4) AO)."""
        raise ProtectedError("entries are reversed, never deleted", {self})


class EntryLine(models.Model):
    """One side of an entry. Exactly one of debit and credit is positive."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    debit_minor = models.PositiveBigIntegerField(default=0)
    credit_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="EUR")
    subject = models.CharField(
        max_length=60, blank=True, help_text='whose sub-account: "order:K10001", "receipt:7"'
    )
    vat_country = models.CharField(max_length=2, blank=True)
    vat_rate_bp = models.PositiveIntegerField(null=True, blank=True)
    tax_base_minor = models.BigIntegerField(null=True, blank=True, help_text="on VAT lines: the net taxed")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_minor__gt=0, credit_minor=0) | Q(debit_minor=0, credit_minor__gt=0),
                name="ledger_line_one_positive_side",
            )
        ]
        indexes = [
            models.Index(fields=["account", "entry"], name="ledger_line_account"),
            models.Index(fields=["subject"], name="ledger_line_subject", condition=~Q(subject="")),
        ]

    def __str__(self) -> str:
        side = f"debit {self.debit_minor}" if self.debit_minor else f"credit {self.credit_minor}"
        return f"{self.account_id} {side} {self.currency}"

    @property
    def amount_minor(self) -> int:
        """Debit positive, credit negative."""
        return self.debit_minor - self.credit_minor


class Attachment(models.Model):
    """A paper behind an entry: stored once, named by its hash. Free until its entry is posted, then for ever."""

    entry = models.ForeignKey(
        Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )
    name = models.CharField(_("File"), max_length=120)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name


class EntryTemplate(models.Model):
    """A manual entry that comes again: lines and text to begin with."""

    name = models.CharField(_("Name"), max_length=80, unique=True)
    facts = models.JSONField(default=dict, help_text="what the form begins with")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Seal(models.Model):
    """What was posted until the end of a day, sealed: its hash stands on that of the seal before. Never changed."""

    number = models.PositiveIntegerField(unique=True)
    day = models.DateField(_("Day"), unique=True)
    entries = models.PositiveIntegerField(_("Entries"))
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"seal {self.number} of {self.day}"


class SealLink(models.Model):
    """One entry in the chain: its hash stands on that of the link before, in the order of ``position``."""

    position = models.PositiveBigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="seal_link")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="links")
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"link {self.position}: entry {self.entry_id}"

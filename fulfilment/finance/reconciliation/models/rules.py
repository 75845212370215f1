"""What confirmations taught, what matching may do by itself, and how far lines of the bank have been taken in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now


class LearnedRule(models.Model):
    """What a confirmation taught: whose account this is, or which account of the books such lines belong to."""

    PAYER, ACCOUNT = "payer", "account"
    KINDS = [(PAYER, _("Bank account of a customer")), (ACCOUNT, _("Text belongs to an account"))]
    IN, OUT = "in", "out"
    DIRECTIONS = [(IN, _("money that came")), (OUT, _("money that left"))]

    kind = models.CharField(max_length=8, choices=KINDS)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    customer = models.CharField(
        max_length=260, blank=True, help_text='"user:5", or "mail:hanna@example.com" for a guest'
    )
    customer_name = models.CharField(_("Customer"), max_length=140, blank=True)
    direction = models.CharField(_("Direction"), max_length=3, choices=DIRECTIONS, default=IN)
    pattern = models.CharField(
        _("Words"),
        max_length=140,
        blank=True,
        help_text=_("All of them must stand in the line: in the text or in the name at the other end"),
    )
    ledger_account = models.ForeignKey(
        "ledger.Account",
        verbose_name=_("Account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    vat_rate_bp = models.PositiveIntegerField(_("VAT in it"), null=True, blank=True)
    by_itself = models.BooleanField(
        _("Book without asking"),
        default=False,
        help_text=_("Otherwise such lines wait for a key to be pressed"),
    )
    fired = models.PositiveIntegerField(default=0, help_text="how often a booking came of it")
    last_fired_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["iban", "customer"], condition=Q(kind="payer"), name="reconciliation_payer_once"
            ),
            models.UniqueConstraint(
                fields=["pattern", "direction"],
                condition=Q(kind="account"),
                name="reconciliation_pattern_once",
            ),
            models.CheckConstraint(
                condition=(Q(kind="payer") & ~Q(iban="") & ~Q(customer=""))
                | (Q(kind="account") & ~Q(pattern="") & Q(ledger_account__isnull=False)),
                name="reconciliation_rule_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.iban or self.pattern}: {self.customer_name or self.ledger_account}"


class MatchPolicy(models.Model):
    """What matching may do by itself: one row (pk 1)."""

    books_by_itself = models.BooleanField(_("Book certain lines without asking"), default=True)
    certain_from = models.PositiveSmallIntegerField(
        _("Certain from"), default=95, help_text=_("Confidence in percent, 80 to 100")
    )
    same_money_days = models.PositiveSmallIntegerField(
        _("Days"),
        default=5,
        help_text=_("A receipt typed by hand and a line of the bank may be this far apart and be the same"),
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="reconciliation_one_policy"),
            models.CheckConstraint(
                condition=Q(certain_from__gte=80, certain_from__lte=100),
                name="reconciliation_certain_is_sure",
            ),
        ]

    def __str__(self) -> str:
        return "policy of matching"


class Intake(models.Model):
    """Lines of one file and account on their way to receipts and disbursements; a worker that dies leaves off here."""

    file = models.ForeignKey("bank.StatementFile", on_delete=models.PROTECT, related_name="+")
    bank_account = models.ForeignKey("bank.BankAccount", on_delete=models.PROTECT, related_name="+")
    last_line_id = models.BigIntegerField(default=0, help_text="up to here they are taken in")
    taken = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    matched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "bank_account"], name="reconciliation_intake_once")
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(matched_at__isnull=True), name="reconciliation_intake_open"
            )
        ]

    def __str__(self) -> str:
        return f"file {self.file_id}, account {self.bank_account_id}: {self.taken} taken in"

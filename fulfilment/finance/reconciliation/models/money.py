"""Money that came to the bank account and money that left it, and what somebody said it was for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.bank.models import TEXT_MAX_CHARS
from fulfilment.finance.reconciliation.states import DISBURSEMENT, PAYBACK, RECEIPT
from shop.kernel.clock import now

UNEXPLAINED = ("open", "partly_assigned")


class BankMoney(models.Model):
    """What money that came and money that left have in common. What is not assigned yet counts as unexplained."""

    party_field: str  #: the field that names who is at the other end
    booked_on = models.DateField(_("Date on the bank statement"))
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    text = models.CharField(_("Text of the transfer"), max_length=TEXT_MAX_CHARS, blank=True)
    reference = models.CharField(
        _("Reference on the statement"),
        max_length=80,
        help_text=_("For instance number and line of the statement"),
    )
    assigned_minor = models.PositiveBigIntegerField(default=0)
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="of the best proposal when it was last looked at; empty: never"
    )
    note = models.CharField(_("Note"), max_length=500, blank=True, help_text="what colleagues should know")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        abstract = True

    @property
    def party(self) -> str:
        """Who is at the other end."""
        return str(getattr(self, self.party_field))

    @property
    def party_iban(self) -> str:
        """The account at the other end."""
        return str(getattr(self, f"{self.party_field}_iban"))

    @property
    def left_minor(self) -> int:
        """What nobody has explained yet, in minor units."""
        return 0 if self.state == "withdrawn" else self.amount_minor - self.assigned_minor  # type: ignore[attr-defined]

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what was recorded wrongly is withdrawn, which the ledger reverses."""
        raise ProtectedError("money of the bank is withdrawn, never deleted", {self})


class Receipt(BankMoney):
    """Money that came to the bank account."""

    machine = RECEIPT
    is_out = False
    party_field = "payer"

    line = models.OneToOneField(
        "bank.StatementLine", null=True, blank=True, on_delete=models.PROTECT, related_name="receipt"
    )
    payer = models.CharField(_("Payer"), max_length=140, blank=True)
    payer_iban = models.CharField("IBAN", max_length=34, blank=True)
    state = models.CharField(_("State"), max_length=16, choices=RECEIPT.choices, default=RECEIPT.initial)

    class Meta:
        constraints = [
            # A receipt typed wrongly is withdrawn and may then be recorded again; lines of the bank's files are told
            # apart by their line.
            models.UniqueConstraint(
                fields=["booked_on", "reference"],
                condition=~Q(state="withdrawn") & Q(line__isnull=True),
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
            models.Index(fields=["amount_minor", "booked_on"], name="reconciliation_same_money"),
        ]
        permissions = [
            ("view_receipts", "May see bank receipts"),
            ("record_receipts", "May record bank receipts, assign them and undo that"),
            ("change_rules", "May change what matching has learned and what it may book by itself"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_minor} {self.currency} {self.payer}"


class Disbursement(BankMoney):
    """Money that left the bank account."""

    machine = DISBURSEMENT
    is_out = True
    party_field = "payee"

    line = models.OneToOneField(
        "bank.StatementLine", null=True, blank=True, on_delete=models.PROTECT, related_name="disbursement"
    )
    payee = models.CharField(_("Payee"), max_length=140, blank=True)
    payee_iban = models.CharField("IBAN", max_length=34, blank=True)
    state = models.CharField(
        _("State"), max_length=16, choices=DISBURSEMENT.choices, default=DISBURSEMENT.initial
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booked_on", "reference"],
                condition=~Q(state="withdrawn") & Q(line__isnull=True),
                name="reconciliation_disbursement_once",
            ),
            models.CheckConstraint(
                condition=Q(assigned_minor__lte=F("amount_minor")), name="reconciliation_not_more_than_left"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="reconciliation_disbursement_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["-booked_on", "-id"], name="reconciliation_newest_out"),
            models.Index(
                fields=["booked_on"],
                condition=Q(state__in=("open", "partly_assigned")),
                name="reconciliation_unexplained_out",
            ),
            models.Index(fields=["amount_minor", "booked_on"], name="reconciliation_same_money_out"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} -{self.amount_minor} {self.currency} {self.payee}"


class Assignment(models.Model):
    """A part of a receipt or disbursement explained. ``account``: the order it is about, if it is about one."""

    PAYMENT, DUNNING_COSTS, PAYOUT, ACCOUNT = "payment", "dunning_costs", "payout", "account"
    GIVE_BACK, REFUND, RETURNED, RETURN_FEE = "give_back", "refund", "returned", "return_fee"
    CAME_BACK = "came_back"
    KINDS = [
        (PAYMENT, _("Payment")),
        (DUNNING_COSTS, _("Dunning fee and interest")),
        (PAYOUT, _("Payout of the card provider")),
        (ACCOUNT, _("Account of the books")),
        (GIVE_BACK, _("Goes back to the payer")),
        (REFUND, _("Refund by transfer")),
        (RETURNED, _("Payment that came back")),
        (RETURN_FEE, _("Bank charge, claimed from the customer")),
        (CAME_BACK, _("Our transfer came back")),
    ]

    receipt = models.ForeignKey(
        Receipt, null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    disbursement = models.ForeignKey(
        Disbursement, null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    kind = models.CharField(max_length=14, choices=KINDS, default=PAYMENT)
    account = models.ForeignKey(
        "invoicing.OrderAccount",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assignments",
    )
    invoice = models.ForeignKey(
        "invoicing.Invoice", null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    ledger_account = models.ForeignKey(
        "ledger.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    refund = models.ForeignKey(
        "payment.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="bank_money"
    )
    payback = models.ForeignKey(
        "reconciliation.PayBack", null=True, blank=True, on_delete=models.PROTECT, related_name="bank_money"
    )
    pair = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pairs",
        help_text="the side that carries the posting, when money that came and left explain each other",
    )
    reference = models.CharField(max_length=80, blank=True, help_text="of a payout: the provider's id")
    amount_minor = models.PositiveBigIntegerField()
    vat_rate_bp = models.PositiveIntegerField(null=True, blank=True)
    vat_minor = models.PositiveBigIntegerField(default=0)
    rounding_minor = models.PositiveBigIntegerField(default=0, help_text="given up as rounding difference")
    charges_minor = models.PositiveBigIntegerField(default=0, help_text="withheld by banks; we bear them")
    exchange_minor = models.BigIntegerField(default=0, help_text="lost (or gained: negative) by exchange")
    came_back = models.BooleanField(
        default=False, help_text="the transfer left and its bank sent it back: another one may follow"
    )
    rule = models.ForeignKey(
        "reconciliation.LearnedRule",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    by_itself = models.BooleanField(default=False, help_text="booked without anybody's confirmation")
    why = models.CharField(max_length=300, blank=True, help_text="the reasons, as they were shown")
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
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="reconciliation_assignment_positive"
            ),
            models.CheckConstraint(
                condition=Q(receipt__isnull=True, disbursement__isnull=False)
                | Q(receipt__isnull=False, disbursement__isnull=True),
                name="reconciliation_assignment_of_one",
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False) | ~Q(kind__in=("payment", "dunning_costs", "return_fee")),
                name="reconciliation_payment_has_order",
            ),
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(
                    undone_at__isnull=True, refund__isnull=False, disbursement__isnull=False, came_back=False
                ),
                name="reconciliation_refund_left_once",
            ),
            models.UniqueConstraint(
                fields=["payback"],
                condition=Q(
                    undone_at__isnull=True, payback__isnull=False, disbursement__isnull=False, came_back=False
                ),
                name="reconciliation_payback_left_once",
            ),
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(undone_at__isnull=True, kind="payout"),
                name="reconciliation_payout_came_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.money}"

    @property
    def money(self) -> Receipt | Disbursement:
        """The receipt or disbursement that is explained."""
        found = self.receipt or self.disbursement
        assert found is not None, "the database holds that one of the two is there"
        return found

    @property
    def source(self) -> str:
        """What the ledger and the order's account know it by."""
        return f"assignment:{self.pk}"

    @property
    def rounding_source(self) -> str:
        """The same for the difference given up with it."""
        return f"rounding:{self.pk}"

    @property
    def charges_source(self) -> str:
        """The same for what banks withheld."""
        return f"charges:{self.pk}"

    @property
    def exchange_source(self) -> str:
        """The same for the difference of exchange."""
        return f"exchange:{self.pk}"

    @property
    def sources(self) -> tuple[str, ...]:
        """All of them, the last booked first."""
        return (self.exchange_source, self.charges_source, self.rounding_source, self.source)


class PayBack(models.Model):
    """Money that came and is not ours: it goes back to the account it came from. The transfer is sent by the bank's own
    means or with the SEPA file."""

    machine = PAYBACK

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="paybacks")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    payee = models.CharField(max_length=140, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    reason = models.CharField(max_length=300)
    state = models.CharField(_("State"), max_length=12, choices=PAYBACK.choices, default=PAYBACK.initial)
    reference = models.CharField(max_length=80, blank=True, help_text="of the transfer, once sent")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reconciliation_payback_positive")
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="requested"), name="reconciliation_payback_due")
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} back to {self.payee}"

    @property
    def end_to_end_id(self) -> str:
        """What its first transfer carries; see ``ids`` for those that follow when it comes back."""
        return f"PAYBACK-{self.pk:06d}"

"""Files of SEPA credit transfers with the transfers in them, and accounts that staff gave for what goes back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from fulfilment.finance.bank.models import BankAccount
from shop.kernel.clock import now

from .states import BATCH

PAIN_09, PAIN_03 = "pain.001.001.09", "pain.001.001.03"
SCHEMAS = [(PAIN_09, "pain.001.001.09"), (PAIN_03, _("pain.001.001.03 (older banks)"))]

_ONE_OF_BOTH = Q(refund__isnull=False, payback__isnull=True) | Q(refund__isnull=True, payback__isnull=False)


class ReceiverAccount(models.Model):
    """The account that staff gave for a refund or for money that goes back, where the bank did not tell it."""

    refund = models.OneToOneField(
        "payment.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="receiver_account"
    )
    payback = models.OneToOneField(
        "reconciliation.PayBack",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="receiver_account",
    )
    name = models.CharField(_("Account holder"), max_length=140)
    iban = models.CharField("IBAN", max_length=34)
    source = models.CharField(_("Where the account is from"), max_length=200)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    given_at = models.DateTimeField(default=now)

    history = HistoricalRecords()

    class Meta:
        constraints = [models.CheckConstraint(condition=_ONE_OF_BOTH, name="sepa_account_of_one")]

    def __str__(self) -> str:
        return f"account for {'refund' if self.refund_id else 'payback'} {self.refund_id or self.payback_id}"


class TransferBatch(models.Model):
    """One file for the bank: who pays from which account on which day, and the bytes as they were made."""

    machine = BATCH

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="transfer_batches")
    state = models.CharField(_("State"), max_length=10, choices=BATCH.choices, default=BATCH.initial)
    key = models.CharField(max_length=36, unique=True, help_text="names the form: a double click is one file")
    message_id = models.CharField(_("Number"), max_length=35, null=True, unique=True)
    schema = models.CharField(_("Format"), max_length=16, choices=SCHEMAS, default=PAIN_09)
    execute_on = models.DateField(_("Day of execution"))
    in_one_sum = models.BooleanField(_("Booked in one sum"), default=True)
    debtor = models.JSONField(default=dict, help_text="our name, IBAN and BIC as the file says them")
    count = models.PositiveIntegerField(_("Bank transfers"), default=0)
    amount_minor = models.PositiveBigIntegerField(_("Sum"), default=0)
    content = models.BinaryField(default=b"", editable=False)
    sha256 = models.CharField(max_length=64, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(_("Made at"), default=now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="sepa_batch_newest"),
        ]
        permissions = [
            ("view_transfers", "May see transfers to send and files of transfers"),
            ("send_transfers", "May give accounts, make files of transfers and hand them to the bank"),
            ("approve_transfers", "May approve files of transfers above the limit of colleagues"),
        ]

    def __str__(self) -> str:
        return self.message_id or f"batch {self.pk}"

    @property
    def file_name(self) -> str:
        """What the file is called when it is downloaded."""
        return f"{self.message_id}.xml"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the bank was told is kept."""
        raise ProtectedError("files of transfers are kept", {self})


class Transfer(models.Model):
    """One transfer of a file, as the file says it. ``is_live``: it is to leave, or has left and did not come back."""

    CANCELLED, REFUSED, RETURNED = "cancelled", "refused", "returned"
    ENDS = [
        (CANCELLED, _("called off with the file")),
        (REFUSED, _("refused by the bank")),
        (RETURNED, _("came back")),
    ]

    batch = models.ForeignKey(TransferBatch, on_delete=models.PROTECT, related_name="transfers")
    position = models.PositiveIntegerField(help_text="which one in the file, from 1")
    refund = models.ForeignKey(
        "payment.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    payback = models.ForeignKey(
        "reconciliation.PayBack", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    amount_minor = models.PositiveBigIntegerField(_("Amount"))
    name = models.CharField(_("Receiver"), max_length=70)
    iban = models.CharField("IBAN", max_length=34)
    text = models.CharField(_("Text"), max_length=140)
    end_to_end_id = models.CharField(max_length=35)
    account_given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_live = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="when a line of the bank told it")
    end = models.CharField(max_length=10, choices=ENDS, blank=True)
    end_why = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["batch_id", "position"]
        indexes = [
            models.Index(
                fields=["batch"], condition=Q(is_live=True, seen_at__isnull=True), name="sepa_on_its_way"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=_ONE_OF_BOTH, name="sepa_transfer_of_one"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="sepa_transfer_positive"),
            models.CheckConstraint(
                condition=Q(is_live=True, end="") | (Q(is_live=False) & ~Q(end="")),
                name="sepa_transfer_ends_with_reason",
            ),
            models.UniqueConstraint(fields=["batch", "position"], name="sepa_transfer_position"),
            models.UniqueConstraint(fields=["end_to_end_id", "batch"], name="sepa_transfer_id_once"),
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(is_live=True, refund__isnull=False),
                name="sepa_refund_live_once",
            ),
            models.UniqueConstraint(
                fields=["payback"],
                condition=Q(is_live=True, payback__isnull=False),
                name="sepa_payback_live_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.end_to_end_id}: {self.amount_minor} to {self.name}"

    @property
    def target(self) -> str:
        """What is sent: "refund:3" or "payback:4"."""
        return f"refund:{self.refund_id}" if self.refund_id else f"payback:{self.payback_id}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the bank was told is kept."""
        raise ProtectedError("transfers are kept", {self})

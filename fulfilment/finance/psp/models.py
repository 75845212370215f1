"""What the card provider says of our balance with it, row by row, and what our books make of it. Minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now

#: The provider's words for a payout.
PENDING, IN_TRANSIT, PAID, FAILED, CANCELED = "pending", "in_transit", "paid", "failed", "canceled"
PAYOUT_STATUSES = [
    (PENDING, _("pending")),
    (IN_TRANSIT, _("on its way to the bank")),
    (PAID, _("paid out")),
    (FAILED, _("failed")),
    (CANCELED, _("cancelled")),
]
GONE_WRONG = (FAILED, CANCELED)
#: Movements between the balance and our bank account: they are booked where the bank tells of them.
PAYOUT_KINDS = ("payout", "payout_failure", "payout_cancel")

KIND_LABELS: dict[str, Any] = {
    "charge": _("Card payment"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "payment_refund": _("Refund"),
    "refund_failure": _("Refund that came back"),
    "dispute": _("Dispute"),
    "dispute_reversal": _("Dispute won"),
    "adjustment": _("Adjustment"),
    "stripe_fee": _("Fee"),
    "payout": _("Payout"),
    "payout_failure": _("Payout that came back"),
    "payout_cancel": _("Payout cancelled"),
}


class Cursor(models.Model):
    """How far we have read. One row; ``page_after`` is where a reading that was cut short goes on."""

    name = models.CharField(max_length=20, unique=True)
    since = models.DateTimeField(null=True, blank=True, help_text="movements from then on are read")
    newest = models.DateTimeField(null=True, blank=True, help_text="the newest movement seen in this reading")
    page_after = models.CharField(max_length=80, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, help_text="somebody is reading")
    read_at = models.DateTimeField(null=True, blank=True, help_text="when all there was had been read")
    problem = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.name} since {self.since}"


class Payout(models.Model):
    """Money on its way from the provider to our bank account; negative: the provider takes a debt from there."""

    psp_id = models.CharField(_("Payout"), max_length=80, unique=True)
    amount_minor = models.BigIntegerField(_("Amount"))
    currency = models.CharField(max_length=3, default="EUR")
    provider_status = models.CharField(_("State"), max_length=12, choices=PAYOUT_STATUSES)
    automatic = models.BooleanField(default=True, help_text="the provider says what it consists of")
    arrival_date = models.DateField(_("Expected on the bank account"))
    created_at = models.DateTimeField()
    failure_text = models.CharField(max_length=300, blank=True)
    is_explained = models.BooleanField(default=False, help_text="all its movements are read and add up to it")
    receipt_id = models.BigIntegerField(
        null=True,
        blank=True,
        db_index=True,
        help_text="the receipt on the bank account; reconciliation says so",
    )
    disbursement_id = models.BigIntegerField(
        null=True,
        blank=True,
        db_index=True,
        help_text="of a negative payout: the money that left the bank account; reconciliation says so",
    )
    arrived_on = models.DateField(
        null=True, blank=True, help_text="of the line of the bank; empty: still to come"
    )

    class Meta:
        indexes = [
            models.Index(fields=["-arrival_date", "-id"], name="psp_payout_newest"),
            models.Index(
                fields=["amount_minor"], condition=Q(arrived_on__isnull=True), name="psp_payout_awaited"
            ),
        ]
        permissions = [
            ("view_payouts", "May see payouts and movements at the card provider"),
            ("explain_money", "May explain money without an order and take that back"),
        ]

    def __str__(self) -> str:
        return f"{self.psp_id} {self.amount_minor} {self.currency}"

    @property
    def is_open(self) -> bool:
        """Whether its line on the bank statement is still to come or to be found."""
        return self.arrived_on is None and self.provider_status not in GONE_WRONG


class BalanceTransaction(models.Model):
    """One movement of the balance. Its facts never change; how it is booked is decided once."""

    WAITING, BOOKED, UNMATCHED = "waiting", "booked", "unmatched"
    BOOKINGS = [
        (WAITING, _("waits for its order")),
        (BOOKED, _("booked")),
        (UNMATCHED, _("booked as money without an order")),
    ]

    psp_id = models.CharField(_("Movement"), max_length=80, unique=True)
    kind = models.CharField(_("Kind"), max_length=40)
    category = models.CharField(max_length=40, blank=True)
    amount_minor = models.BigIntegerField(_("Amount"))
    fee_minor = models.BigIntegerField(_("Fee"), default=0)
    net_minor = models.BigIntegerField(_("Net"))
    currency = models.CharField(max_length=3, default="EUR")
    source_id = models.CharField(max_length=80, blank=True, db_index=True)
    intent_id = models.CharField(max_length=80, blank=True)
    refund_number = models.BigIntegerField(default=0, help_text="our refund row, 0 for none")
    description = models.CharField(max_length=300, blank=True)
    available_on = models.DateTimeField()
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField(default=now)
    payout = models.ForeignKey(
        Payout, null=True, blank=True, on_delete=models.PROTECT, related_name="transactions"
    )
    booking = models.CharField(_("Booked"), max_length=10, choices=BOOKINGS, default=WAITING)
    order_number = models.CharField(max_length=128, blank=True, db_index=True)
    entry = models.ForeignKey(
        "ledger.Entry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    fee_entry = models.ForeignKey(
        "ledger.Entry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rest_entry = models.ForeignKey(
        "ledger.Entry",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="what differs from our entry, as money without an order",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("amount_minor") - F("fee_minor")), name="psp_net_is_amount_less_fee"
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="psp_movement_newest"),
            models.Index(fields=["created_at"], condition=Q(booking="waiting"), name="psp_movement_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.psp_id} {self.kind} {self.net_minor}"

    @property
    def label(self) -> Any:
        """What people call this kind of movement."""
        return KIND_LABELS.get(self.category) or KIND_LABELS.get(self.kind) or self.kind

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the provider said is kept."""
        raise ProtectedError("movements at the card provider are kept", {self})


class UnmatchedMoney(models.Model):
    """Money at the provider that belongs to nothing we know. Negative: the provider took it. Open until explained."""

    source = models.CharField(max_length=120, unique=True, help_text="of the entry that made it visible")
    reference = models.CharField(_("Reference"), max_length=80)
    amount_minor = models.BigIntegerField(_("Amount"))
    currency = models.CharField(max_length=3, default="EUR")
    note = models.CharField(_("What is known"), max_length=300, blank=True)
    came_at = models.DateTimeField(_("Date"), default=now)
    is_open = models.BooleanField(_("Open"), default=True)

    class Meta:
        indexes = [
            models.Index(fields=["-came_at", "-id"], name="psp_unmatched_newest"),
            models.Index(fields=["came_at"], condition=Q(is_open=True), name="psp_unmatched_open"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount_minor} {self.currency}"

    @property
    def subject(self) -> str:
        """Its sub-account in the books."""
        return f"psp:{self.reference}"[:60]


class Explanation(models.Model):
    """Somebody said whose money it is. Never deleted: taken back by ``undone_at``, the books by reversal."""

    ORDER, GIVE_BACK, ACCOUNT = "order", "give_back", "account"
    KINDS = [
        (ORDER, _("belongs to an order")),
        (GIVE_BACK, _("given back")),
        (ACCOUNT, _("booked to an account")),
    ]

    money = models.ForeignKey(UnmatchedMoney, on_delete=models.PROTECT, related_name="explanations")
    kind = models.CharField(max_length=10, choices=KINDS)
    order = models.ForeignKey(
        "order.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    account_number = models.CharField(max_length=10, blank=True)
    psp_id = models.CharField(
        max_length=80, blank=True, db_index=True, help_text="the refund at the provider"
    )
    why = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(
        null=True, blank=True, help_text="booked; empty: the provider is still asked"
    )
    problem = models.CharField(max_length=300, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["money"], condition=Q(undone_at__isnull=True), name="psp_explained_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.money_id}"

    @property
    def source(self) -> str:
        """What the ledger and the order's account know it by."""
        return f"explained:{self.pk}"

"""Money that is to come, came, or goes back. One row per attempt; amounts in minor units."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.payment.abstract_models import AbstractSource
from simple_history.models import HistoricalRecords

from shop.kernel.clock import now
from shop.kernel.models import StateChange

from .states import PAYMENT, REFUND

CARD, INVOICE, PREPAYMENT = "card", "invoice", "prepayment"
CREDIT = (
    "credit"  #: credit the customer has with us: never chosen as a method, spent before the rest is asked for
)
METHODS = [
    (CARD, _("Card")),
    (INVOICE, _("Purchase on account")),
    (PREPAYMENT, _("Prepayment by bank transfer")),
]
NOTHING = "nothing"  #: of an order over 0.00: it has no payment row, because no money is to come
TENDERS = [*METHODS, (CREDIT, _("Store credit"))]  #: all that a payment can be made of
WAYS = [*TENDERS, (NOTHING, _("Nothing to pay"))]  #: all that an order's method can be, with its name
OPEN_STATES = ("created", "action_required", "authorised")
MONEY_CAME = ("captured", "disputed")  #: captured once; a dispute does not make it open again


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Selections that rooms share."""

    def of_order(self, order: Any) -> PaymentQuerySet:
        """Attempts to pay the order itself, without card payments of single invoices on account."""
        return self.filter(order=order, invoice_number="")

    def of_invoices(self, order: Any) -> PaymentQuerySet:
        """Card payments of single invoices of an order that was bought on account."""
        return self.filter(order=order).exclude(invoice_number="")

    def in_money(self) -> PaymentQuerySet:
        """Payments for which money comes, without those by store credit."""
        return self.exclude(method=CREDIT)


class Payment(models.Model):
    """One attempt to pay one order by one method; or, by card, one of its invoices that was bought on account."""

    machine = PAYMENT

    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=20, choices=TENDERS)
    state = models.CharField(max_length=20, choices=PAYMENT.choices, default=PAYMENT.initial)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    intent_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_text = models.CharField(max_length=300, blank=True)
    card_label = models.CharField(max_length=40, blank=True, help_text="brand and last four digits")
    expires_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when the sweep last asked the provider")
    invoice_number = models.CharField(
        max_length=20, blank=True, help_text="pays this invoice on account; empty: pays the order"
    )
    costs_minor = models.PositiveBigIntegerField(
        default=0, help_text="of the amount, dunning costs of the invoice"
    )
    interest_minor = models.PositiveBigIntegerField(
        default=0, help_text="of the amount, default interest on the invoice"
    )
    supplement = models.BooleanField(
        default=False, help_text="pays what a change adds to an order that has been paid"
    )
    created_at = models.DateTimeField(default=now)
    captured_at = models.DateTimeField(null=True, blank=True)
    answer_dispute_by = models.DateTimeField(
        null=True, blank=True, help_text="the provider takes evidence about the dispute until then"
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=OPEN_STATES, invoice_number=""),
                name="payment_one_open_per_order",
            ),
            models.UniqueConstraint(
                fields=["invoice_number"],
                condition=Q(state__in=OPEN_STATES) & ~Q(invoice_number=""),
                name="payment_one_open_per_invoice",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=F("costs_minor") + F("interest_minor")),
                name="payment_claims_within_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state__in=OPEN_STATES), name="payment_open")
        ]
        permissions = [
            ("view_payments", "May see payments"),
            ("manage_payment_rules", "May change who may pay how"),
            ("refund_payments", "May refund payments"),
            ("approve_refunds", "May approve refunds above the limit of colleagues"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.amount_minor} {self.currency} ({self.state})"

    @property
    def goods_minor(self) -> int:
        """What of it pays for goods: without costs and interest of dunning. Minor units."""
        return self.amount_minor - self.costs_minor - self.interest_minor

    @property
    def idempotency_key(self) -> str:
        """From the fact, not from chance: the same payment asks with the same key for ever."""
        return f"payment:{self.pk}"


class RefundQuerySet(models.QuerySet["Refund"]):
    """Selections that finance and pages share."""

    def by_bank(self) -> RefundQuerySet:
        """Refunds that go back by bank transfer, whatever became of them."""
        return self.filter(Q(by_transfer=True) | ~Q(payment__method__in=(CARD, CREDIT)), as_credit=False)

    def to_credit(self) -> RefundQuerySet:
        """Refunds that went to the customer's credit: at their wish, or because credit had paid and its account is
        still there."""
        return self.filter(Q(as_credit=True) | Q(payment__method=CREDIT, by_transfer=False))

    def to_transfer(self) -> RefundQuerySet:
        """Refunds that are to be sent by bank transfer, and that nobody has sent."""
        return self.by_bank().filter(state="requested")

    def to_send(self) -> RefundQuerySet:
        """Refunds that the card provider is to be asked for."""
        return self.filter(state="requested", payment__method=CARD, by_transfer=False, as_credit=False)


class Refund(models.Model):
    """Money that goes back. The row, and with it its idempotency key, exists before the provider is called."""

    machine = REFUND

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    state = models.CharField(max_length=20, choices=REFUND.choices, default=REFUND.initial)
    source = models.CharField(
        max_length=100, unique=True, help_text="the fact that causes it: a retry finds the row"
    )
    reason = models.CharField(max_length=300)
    by_transfer = models.BooleanField(
        default=False, help_text="the card does not take it: it goes back by bank transfer"
    )
    as_credit = models.BooleanField(
        default=False,
        db_default=False,
        help_text="the customer wished it: it goes to their store credit (§ 357 (3) BGB asks for their express word)",
    )
    psp_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    failure_text = models.CharField(max_length=300, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=now)
    created_at = models.DateTimeField(default=now)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    came_back_at = models.DateTimeField(
        null=True, blank=True, help_text="it had succeeded, and the bank did not take it after all"
    )

    objects = RefundQuerySet.as_manager()

    def __str__(self) -> str:
        return f"refund {self.amount_minor} {self.currency} ({self.state})"

    @property
    def way(self) -> str:
        """How it goes back: ``card`` through the provider, ``credit`` to the store credit, else by bank transfer."""
        if self.as_credit:
            return CREDIT
        return PREPAYMENT if self.by_transfer else self.payment.method

    @property
    def idempotency_key(self) -> str:
        """The key the provider sees. A refund that failed and that staff try again is a new wish: with the old key the
        provider would only repeat its old answer."""
        again = StateChange.objects.filter(machine=REFUND.name, thing_id=self.pk, new="requested").count()
        return f"refund:{self.pk}:{again}" if again else f"refund:{self.pk}"


class MethodRule(models.Model):
    """Who may pay by a method. Data, edited in the dashboard; every refusal names another way to pay."""

    method = models.CharField(max_length=20, choices=METHODS, unique=True)
    enabled = models.BooleanField(_("offered"), default=True)
    countries = models.CharField(
        _("Billing countries"),
        max_length=200,
        blank=True,
        help_text=_("ISO codes separated by commas; empty: all"),
    )
    minimum_minor = models.PositiveBigIntegerField(_("Smallest order total in cents"), default=0)
    maximum_minor = models.PositiveBigIntegerField(_("Largest order total in cents"), null=True, blank=True)
    registered_only = models.BooleanField(_("Only for registered customers"), default=False)
    paid_orders_needed = models.PositiveSmallIntegerField(_("Paid orders needed before"), default=0)
    exposure_limit_minor = models.PositiveBigIntegerField(
        _("Limit of open items and this order, in cents"), null=True, blank=True
    )
    dunning_level_below = models.PositiveSmallIntegerField(
        _("Refused from this dunning level on"), null=True, blank=True
    )
    same_country = models.BooleanField(_("Billing and delivery in the same country"), default=False)
    due_days = models.PositiveSmallIntegerField(_("Days to pay"), default=14)

    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.get_method_display()


class CustomerCredit(models.Model):
    """What finance knows of a customer, pushed down to the checkout: open items, dunning level, released by staff."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credit")
    open_items_minor = models.BigIntegerField(default=0)
    dunning_level = models.PositiveSmallIntegerField(default=0)
    paid_orders = models.PositiveIntegerField(default=0)
    released = models.BooleanField(
        default=False, help_text="staff allow purchase on account without a paid order"
    )
    blocked = models.BooleanField(default=False)
    block_reason = models.CharField(max_length=300, blank=True)
    limit_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="of open items and a new order; empty: the method's own limit"
    )
    updated_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"credit of {self.user_id}"


class Source(AbstractSource):
    """Oscar's table, unused: its methods lose updates and know no ceiling. ``Payment`` and ``Refund`` replace it."""

    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="sources")

    def _refuse(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("money moves through checkout.payment.actions")

    allocate = debit = refund = create_deferred_transaction = _refuse


from oscar.apps.payment.models import *  # noqa: E402, F403

"""Orders: Oscar's tables with integer amounts, a state machine and nothing that can be deleted by accident."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.order.abstract_models import (
    AbstractLine,
    AbstractOrder,
    AbstractPaymentEvent,
    AbstractShippingEvent,
)

from shop.kernel.clock import now
from shop.kernel.money import to_minor
from shop.kernel.states import allowed_moves, move

from .states import ORDER


class Order(AbstractOrder):
    """A contract with two halves, goods and money."""

    machine = ORDER

    status = models.CharField(
        _("Status"), max_length=20, choices=ORDER.choices, default=ORDER.initial, db_index=True
    )
    language = models.CharField(_("Language"), max_length=8, default="de")
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    vat_country = models.CharField(_("Country whose VAT applies"), max_length=2, default="DE")
    payment_method = models.CharField(_("Method of payment"), max_length=20)
    shipping_rate_bp = models.PositiveIntegerField(default=0, help_text="VAT rate of the shipping charge")
    on_hold = models.BooleanField(_("On hold"), default=False)
    hold_reason = models.CharField(_("Reason of the hold"), max_length=300, blank=True)
    placement_key = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        help_text="one placing per basket and summary: a second click finds it",
    )
    correlation_id = models.CharField(max_length=64, blank=True)

    class Meta(AbstractOrder.Meta):
        permissions = [
            ("view_orders", "May see orders"),
            ("manage_orders", "May cancel, hold and release orders"),
        ]
        indexes = [models.Index(fields=["status", "-date_placed"], name="order_by_status")]

    @property
    def total_minor(self) -> int:
        """Gross total in minor units."""
        return to_minor(self.total_incl_tax, self.currency)

    @property
    def shipping_minor(self) -> int:
        """Gross shipping charge in minor units."""
        return to_minor(self.shipping_incl_tax, self.currency)

    def available_statuses(self) -> tuple[str, ...]:
        """What the machine allows now."""
        return allowed_moves(self)

    def set_status(self, new_status: str) -> None:
        """Oscar's name for a move; compare-and-set, so a stale second writer loses."""
        move(self, to=new_status)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: an order is a contract and part of the books (§ 147 AO)."""
        raise ProtectedError("orders are cancelled, never deleted", {self})


class Line(AbstractLine):
    """An order line. ``gross_minor`` is what is owed for it after discounts; VAT is inside."""

    vat_class = models.CharField(max_length=20, default="standard")
    vat_rate_bp = models.PositiveIntegerField(default=0)
    gross_minor = models.PositiveBigIntegerField(default=0)
    gross_before_discount_minor = models.PositiveBigIntegerField(default=0)
    quantity_dispatched = models.PositiveIntegerField(default=0)
    quantity_cancelled = models.PositiveIntegerField(default=0)
    quantity_returned = models.PositiveIntegerField(default=0, help_text="of those dispatched, came back")
    weight_g = models.PositiveIntegerField(default=0, help_text="of one piece")
    unit_cost_minor = models.PositiveBigIntegerField(default=0)

    class Meta(AbstractLine.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=F("quantity_dispatched") + F("quantity_cancelled")),
                name="order_line_never_more_than_ordered",
            ),
            # Stands behind two docks that take back the last piece in the same moment.
            models.CheckConstraint(
                condition=Q(quantity_returned__lte=F("quantity_dispatched")),
                name="order_line_never_more_back_than_sent",
            ),
        ]

    @property
    def quantity_open(self) -> int:
        """Pieces still to be dispatched."""
        return self.quantity - self.quantity_dispatched - self.quantity_cancelled

    @property
    def quantity_returnable(self) -> int:
        """Pieces that the customer has and may still send back."""
        return self.quantity_dispatched - self.quantity_returned


class ShippingEvent(AbstractShippingEvent):
    """Oscar's table; unlike there, an order with events cannot be deleted from under them."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipping_events")


class PaymentEvent(AbstractPaymentEvent):
    """Oscar's table; unlike there, an order with events cannot be deleted from under them."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payment_events")


class AcceptedSummary(models.Model):
    """The summary the shopper saw above the order button, kept with its hash (§ 312j BGB: what was agreed)."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="accepted_summary")
    html = models.TextField()
    sha256 = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"summary of {self.order_id}"

    @staticmethod
    def digest(html: str) -> str:
        """SHA-256 of the summary as hex."""
        return hashlib.sha256(html.encode()).hexdigest()


class OrderLink(models.Model):
    """A one-time link to an order, asked for on the look-up page with order number and e-mail address."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="links")
    nonce = models.CharField(max_length=40, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"link to {self.order_id}"


from oscar.apps.order.models import *  # noqa: E402, F403

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """For mypy alone: Oscar's remaining classes come by the star above, made at import time."""

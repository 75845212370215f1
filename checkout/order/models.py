"""Orders: Oscar's tables with integer amounts, a state machine and nothing that can be deleted by accident."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.order.abstract_models import (
    AbstractLine,
    AbstractOrder,
    AbstractPaymentEvent,
    AbstractShippingEvent,
)

from catalogue.exclusions import CHOICES, exclusion_text
from shop.kernel.clock import now
from shop.kernel.money import split, to_minor, vat_from_gross
from shop.kernel.states import allowed_moves, move

from .states import ORDER


class Order(AbstractOrder):
    """A contract with two halves, goods and money."""

    machine = ORDER

    SALE, REPLACEMENT, EXCHANGE = "sale", "replacement", "exchange"
    KINDS = [(SALE, _("Sale")), (REPLACEMENT, _("Replacement")), (EXCHANGE, _("Exchange"))]

    kind = models.CharField(_("Kind"), max_length=12, choices=KINDS, default=SALE, db_default=SALE)
    replaces = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replacements",
        help_text="goods sent for others, free of charge (§ 439 BGB) or for the difference: the order of those",
    )
    status = models.CharField(
        _("Status"), max_length=20, choices=ORDER.choices, default=ORDER.initial, db_index=True
    )
    language = models.CharField(_("Language"), max_length=8, default="de")
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    carrier_contact_agreed_at = models.DateTimeField(
        _("Carrier may get e-mail address and phone number since"),
        null=True,
        blank=True,
        help_text="Art. 6 (1) a GDPR: when the shopper agreed, with the words of the accepted summary; empty: not",
    )
    vat_country = models.CharField(_("Country whose VAT applies"), max_length=2, default="DE")
    company = models.CharField(_("Company"), max_length=80, blank=True)
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    buyer_reference = models.CharField(
        _("Leitweg-ID or order reference"), max_length=50, blank=True, help_text="EN 16931: BT-10"
    )
    vat_check = models.ForeignKey(
        "vat_ids.VatIdCheck",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
        help_text="what the EU's register said of the VAT id when the order was placed",
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders_taken",
        verbose_name=_("Taken by phone by"),
        help_text="the colleague who took the order by phone; empty: the customer placed it in the shop",
    )
    payment_method = models.CharField(_("Method of payment"), max_length=20)
    shipping_rate_bp = models.PositiveIntegerField(default=0, help_text="VAT rate of the shipping charge")
    shipping_vat_category = models.CharField(
        max_length=2, blank=True, help_text="as on the lines, of the shipping charge"
    )
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
            ("correct_addresses", "May correct where an order goes"),
        ]
        indexes = [
            models.Index(fields=["status", "-date_placed"], name="order_by_status"),
            models.Index(fields=["status"], condition=Q(on_hold=True), name="order_on_hold"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="sale", replaces__isnull=True)
                | Q(kind="replacement", replaces__isnull=False, total_incl_tax=0)
                | Q(kind="exchange", replaces__isnull=False),
                name="order_replacement_is_free_and_of_an_order",
            ),
        ]

    @property
    def is_replacement(self) -> bool:
        """Whether goods are sent once more without money: nothing is charged, and no invoice follows."""
        return self.kind == self.REPLACEMENT

    @property
    def is_dearer_exchange(self) -> bool:
        """Whether its goods go out for others that cost less: the difference is paid before, and is invoiced."""
        return self.kind == self.EXCHANGE

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
    vat_category = models.CharField(
        max_length=2,
        blank=True,
        help_text="EN 16931: K intra-community, AE reverse charge, G export; empty: by rate and country",
    )
    gross_minor = models.PositiveBigIntegerField(default=0)
    gross_before_discount_minor = models.PositiveBigIntegerField(default=0)
    quantity_dispatched = models.PositiveIntegerField(default=0)
    quantity_cancelled = models.PositiveIntegerField(default=0)
    quantity_returned = models.PositiveIntegerField(default=0, help_text="of those dispatched, came back")
    cancelled_minor = models.PositiveBigIntegerField(
        default=0, help_text="what of gross_minor is no longer owed, for the cancelled pieces"
    )
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="substitutes"
    )
    replacement_for = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replacements",
        help_text="on a replacement order: the line whose pieces are sent once more",
    )
    weight_g = models.PositiveIntegerField(default=0, help_text="of one piece")
    unit_cost_minor = models.PositiveBigIntegerField(default=0)
    withdrawal_exclusion = models.CharField(
        max_length=20,
        blank=True,
        choices=CHOICES,
        help_text="§ 312g (2) BGB, as it was said before the order",
    )

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
            models.CheckConstraint(
                condition=Q(cancelled_minor__lte=F("gross_minor")), name="order_line_owed_not_negative"
            ),
        ]

    @property
    def excluded_because(self) -> str:
        """Why it cannot be withdrawn from, in the reader's language; "" where it can."""
        return exclusion_text(self.withdrawal_exclusion)

    @property
    def quantity_open(self) -> int:
        """Pieces still to be dispatched."""
        return self.quantity - self.quantity_dispatched - self.quantity_cancelled

    @property
    def quantity_returnable(self) -> int:
        """Pieces that the customer has and may still send back."""
        return self.quantity_dispatched - self.quantity_returned

    @property
    def owed_minor(self) -> int:
        """What is owed for the pieces that were not cancelled, gross in minor units."""
        return self.gross_minor - self.cancelled_minor

    @property
    def owed_vat_minor(self) -> int:
        """The VAT inside it: the line's own VAT shared out, as its invoices do."""
        whole = vat_from_gross(self.gross_minor, self.vat_rate_bp)
        return split(whole, [self.owed_minor, self.cancelled_minor])[0] if self.gross_minor else 0

    def owed_for(self, pieces: int) -> int:
        """What is owed for the first ``pieces`` of the line. Invoices go through a line from its first piece on, and
        cancelling takes from its end, so whatever happens in between both together are the line, to the cent."""
        return split(self.gross_minor, [pieces, self.quantity - pieces])[0]


class Amendment(models.Model):
    """What became of the contract after it was concluded: pieces that will not come, or a substitute. Append-only."""

    CANCELLED, ADDED = "cancelled", "added"
    KINDS = [(CANCELLED, _("pieces cancelled")), (ADDED, _("substitute added"))]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="amendments")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=10, choices=KINDS)
    quantity = models.PositiveIntegerField()
    amount_minor = models.PositiveBigIntegerField(
        help_text="gross in minor units: no longer owed, or owed anew"
    )
    source = models.CharField(max_length=80, help_text="the fact behind it: a retry finds the row")
    why = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "line", "kind"], name="order_amendment_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_amendment_of_something"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} of line {self.line_id}: {self.amount_minor}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: it is part of the contract."""
        raise ProtectedError("amendments are kept", {self})


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
    texts = models.JSONField(
        default=list, help_text="legal texts that applied: key, language, title, sha256 of the kept version"
    )
    seen_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"summary of {self.order_id}"

    @staticmethod
    def digest(html: str) -> str:
        """SHA-256 of the summary as hex."""
        return hashlib.sha256(html.encode()).hexdigest()


class AddressCorrection(models.Model):
    """One correction of where an order goes: what it said before and after, who and why. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="address_corrections")
    sequence = models.PositiveIntegerField(help_text="1 for the order's first correction")
    old = models.JSONField()
    new = models.JSONField()
    why = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="order_correction_sequence")
        ]

    def __str__(self) -> str:
        return f"address of {self.order_id}, correction {self.sequence}"


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

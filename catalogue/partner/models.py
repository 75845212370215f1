"""Stock on offer, promised exactly once, and prices with their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.partner.abstract_models import AbstractStockRecord

from shop.kernel.clock import now
from shop.kernel.money import to_minor

from .states import RESERVATION


class InsufficientStock(Exception):
    """Fewer pieces are left than were asked for; carries SKU, wanted and left for the shopper's message."""

    def __init__(self, sku: str, wanted: int, left: int) -> None:
        super().__init__(f"{sku}: {wanted} wanted, {left} left")
        self.sku, self.wanted, self.left = sku, wanted, left


class StockRecord(AbstractStockRecord):
    """Price and stock of one SKU. ``price`` is the consumer's total price, VAT included (PAngV § 3)."""

    num_in_stock = models.PositiveIntegerField(_("Number in stock"), default=0)  # type: ignore[assignment]
    num_allocated = models.PositiveIntegerField(_("Number reserved"), default=0)  # type: ignore[assignment]
    num_quarantine = models.PositiveIntegerField(
        _("Number in quarantine"), default=0, help_text="in the house, but not for sale"
    )
    backorderable = models.BooleanField(_("May be ordered without stock"), default=False)
    unit_cost_minor = models.PositiveBigIntegerField(_("Cost per piece in cents"), default=0)
    reference_price_minor = models.PositiveBigIntegerField(
        _("Lowest total price of the 30 days before the reduction"),
        null=True,
        blank=True,
        help_text=_("§ 11 PAngV; set by set_price(), empty when no reduction is announced"),
    )

    class Meta(AbstractStockRecord.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(backorderable=True) | Q(num_allocated__lte=F("num_in_stock")),
                name="partner_stock_promised_once",
                violation_error_message=_("More pieces are reserved than are in stock."),
            ),
        ]
        indexes = [models.Index(fields=["partner_sku"], name="partner_stock_sku")]

    @property
    def price_minor(self) -> int:
        """The total price in minor units."""
        return to_minor(self.price or 0, self.price_currency)

    @property
    def on_hand(self) -> int:
        """Pieces in the house, also those that are not for sale."""
        return self.num_in_stock + self.num_quarantine

    @property
    def available(self) -> int:
        """Pieces that may still be promised: on hand less reserved less quarantine."""
        return max(0, self.num_in_stock - self.num_allocated)

    def reserve(self, quantity: int) -> None:
        """Promise ``quantity`` pieces by one conditional update; raises InsufficientStock with what is left."""
        from .actions import take

        take(self, quantity)

    def release(self, quantity: int) -> None:
        """Give back a promise; raises ValueError when less is promised."""
        from .actions import give_back

        give_back(self, quantity)

    def allocate(self, quantity: int) -> None:
        """Oscar's name for ``reserve``; its own version oversells."""
        self.reserve(quantity)

    def cancel_allocation(self, quantity: int) -> None:
        """Oscar's name for ``release``."""
        self.release(quantity)

    def consume_allocation(self, quantity: int) -> None:
        """Refused: stock leaves by a warehouse movement only."""
        raise NotImplementedError("stock leaves by fulfilment.warehouse, which calls partner.actions.ship()")


class Reservation(models.Model):
    """A promise of pieces to one order line (``order_line_id`` is a plain number: orders live upstairs)."""

    machine = RESERVATION

    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="reservations")
    order_line_id = models.BigIntegerField(unique=True)
    order_id = models.BigIntegerField(db_index=True)
    quantity = models.PositiveIntegerField()
    quantity_left = models.PositiveIntegerField(help_text="still reserved; falls with each dispatch")
    state = models.CharField(max_length=10, choices=RESERVATION.choices, default=RESERVATION.initial)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="empty: kept until dispatched or cancelled"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_left__lte=F("quantity")), name="partner_reservation_left"
            ),
        ]
        indexes = [
            models.Index(fields=["stockrecord"], condition=Q(state="open"), name="partner_reservation_open")
        ]

    def __str__(self) -> str:
        return f"{self.quantity_left} of {self.quantity} for line {self.order_line_id} ({self.state})"


class PricePeriod(models.Model):
    """A total price and the interval [valid_from, valid_to) in which it was asked; the open one is the present."""

    stockrecord = models.ForeignKey(StockRecord, on_delete=models.CASCADE, related_name="price_periods")
    gross_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    reference_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="the 30-day price shown beside it; empty: no reduction was announced"
    )
    valid_from = models.DateTimeField(default=now)
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stockrecord", "currency"],
                condition=Q(valid_to=None),
                name="partner_one_present_price",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="partner_price_interval"
            ),
        ]
        ordering = ["valid_from"]

    def __str__(self) -> str:
        return f"{self.gross_minor} {self.currency} from {self.valid_from:%Y-%m-%d}"


class VatRate(models.Model):
    """A VAT rate as a fact with source: country, class, rate in basis points, days on which it is in force."""

    country = models.CharField(max_length=2)
    vat_class = models.CharField(max_length=20)
    rate_bp = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "vat_class", "valid_from"], name="partner_vat_rate_once"
            )
        ]
        ordering = ["country", "vat_class", "valid_from"]

    def __str__(self) -> str:
        return f"{self.country} {self.vat_class} {self.rate_bp / 100:g} %"


from oscar.apps.partner.models import *  # noqa: E402, F403

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """For mypy alone: Oscar's remaining classes come by the star above, made at import time."""

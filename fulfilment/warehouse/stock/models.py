"""Where every piece lies, and why: bins, movements that are never changed, and the sums kept beside them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

PICK, RESERVE, RECEIVING, PACKING, SHOP_FLOOR = "pick", "reserve", "receiving", "packing", "shop_floor"
#: Kinds of bins that pick lists take goods from; what lies at the packing place is already picked.
PICKABLE = (PICK, RESERVE, SHOP_FLOOR, RECEIVING)

RECEIPT, PICKED, DISPATCH, RETURN, COUNT, TRANSFER = (
    "receipt",
    "pick",
    "dispatch",
    "return",
    "count",
    "transfer",
)


class Site(models.Model):
    """A building with bins, and the sender of its parcels. There is one for now; every bin already says which."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=80)
    company = models.CharField(max_length=120, blank=True, help_text=_("sender on packing slip and label"))
    street = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=12, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, default="DE")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Bin(models.Model):
    """A place that holds goods. ``sequence`` is its turn on the walk through the warehouse."""

    KINDS = [
        (PICK, _("picking bin")),
        (RESERVE, _("reserve")),
        (RECEIVING, _("goods received")),
        (PACKING, _("packing place")),
        (SHOP_FLOOR, _("shop floor")),
    ]

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="bins")
    code = models.CharField(max_length=30, help_text=_("as printed on the shelf and scanned"))
    zone = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=12, choices=KINDS, default=PICK)
    sequence = models.PositiveIntegerField(default=0, help_text=_("turn on the walk"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code"], name="stock_bin_code_once")]
        indexes = [models.Index(fields=["kind", "sequence"], name="stock_bin_walk")]
        ordering = ["sequence", "code"]

    def __str__(self) -> str:
        return self.code


class BinStock(models.Model):
    """Pieces of one SKU in one bin: the sum of its movements, kept in the same transaction."""

    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="contents")
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="bin_stock")
    quantity = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stockrecord", "bin"], name="stock_once_per_bin"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_never_negative"),
        ]
        ordering = ["bin__sequence", "bin__code"]

    def __str__(self) -> str:
        return f"{self.quantity} in bin {self.bin_id}"


class Movement(models.Model):
    """One change of one bin. Append-only, held by triggers on both databases: a mistake is put right by a further
    movement. ``cause`` names what it belongs to (``parcel:K10001-1``), ``why`` is said in a person's words."""

    KINDS = [
        (RECEIPT, _("received")),
        (PICKED, _("picked")),
        (DISPATCH, _("dispatched")),
        (RETURN, _("returned")),
        (COUNT, _("counted")),
        (TRANSFER, _("moved")),
    ]
    WHY_MAX_CHARS = 200

    kind = models.CharField(max_length=10, choices=KINDS)
    stockrecord = models.ForeignKey(
        StockRecord, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="movements")
    quantity = models.IntegerField(help_text=_("pieces; negative: taken out of the bin"))
    cause = models.CharField(max_length=80, blank=True)
    why = models.CharField(max_length=WHY_MAX_CHARS, blank=True)
    # PROTECT: setting it to NULL would change the row. People who leave are deactivated, not deleted.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="stock_movement_moves_something")
        ]
        indexes = [models.Index(fields=["stockrecord", "id"], name="stock_movement_history")]
        permissions = [
            ("view_stock", "May see stock, bins and movements"),
            ("receive_goods", "May receive goods into a bin"),
            ("adjust_stock", "May move goods between bins and correct counts"),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d} of {self.stockrecord_id} in bin {self.bin_id}"

    @property
    def cause_text(self) -> str:
        """What it belongs to, as people say it: ``order:K10001`` is "Order K10001"."""
        kind, _colon, number = self.cause.partition(":")
        if kind == "receipt" and not number.isdigit():
            number = ""  # the key of a form, which says nothing to people
        words = {"order": _("Order"), "parcel": _("Parcel"), "receipt": _("Receipt")}
        return f"{words[kind]} {number}".strip() if kind in words else ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("movements are never changed; write a further one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: history is kept."""
        raise AppendOnlyError("movements are never deleted; write a further one")

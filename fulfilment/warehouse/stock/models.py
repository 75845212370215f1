"""Where every piece lies, and why: bins, movements that are never changed, and the sums kept beside them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalogue.partner.models import StockRecord
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

PICK, RESERVE, RECEIVING, PACKING, SHOP_FLOOR = "pick", "reserve", "receiving", "packing", "shop_floor"
QUARANTINE, RETURNS, B_STOCK, TRANSIT = "quarantine", "returns", "b_stock", "transit"
#: Kinds of bins that pick lists take goods from; what lies at the packing place is already picked.
PICKABLE = (PICK, RESERVE, SHOP_FLOOR, RECEIVING)
#: Kinds of bins whose pieces are in the house but not for sale. What is on its way between two sites stays for sale.
BLOCKED = (QUARANTINE, RETURNS, B_STOCK)
#: Kinds of bins that take pieces of a recalled lot. Not B stock: that is sold as well, only cheaper.
HOLDING = (QUARANTINE, RETURNS)
RECALL_WORD = (
    "RECALL-"  #: how the codes of the places begin where recalled pieces wait that customers were promised
)
NO_TRACKING, BY_LOT, BY_SERIAL = "none", "lot", "serial"
GTIN, OWN_CODE = "gtin", "own"

RECEIPT, PICKED, DISPATCH, RETURN, COUNT, TRANSFER, SCRAP = (
    "receipt",
    "pick",
    "dispatch",
    "return",
    "count",
    "transfer",
    "scrap",
)
MISSING = "missing"  #: causes of pieces that nobody can find begin with it: ``missing:C10001``
MISSING_WORD = "MISSING"  #: how the codes of the bins for what is missing begin
TRANSIT_WORD = "TRANSIT-"  #: the same for goods on their way between two sites, with the code of the site
KEY = (
    "key-"  #: marks the key of a form in a cause, ``receipt:key-4f…``: it may be digits alone, as numbers are
)
UNDONE = "undone"  #: causes of receipts that were taken back: ``undone:`` and the movement


class Site(models.Model):
    """A building with bins, and the sender of its parcels."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=80)
    company = models.CharField(max_length=120, blank=True, help_text=_("sender on packing slip and label"))
    street = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=12, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, default="DE")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(
        default=0, help_text="turn in lists; the first is the default"
    )
    is_active = models.BooleanField(default=True)
    ships = models.BooleanField(default=True, help_text="may send parcels to customers")

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name


class Zone(models.Model):
    """A part of a site that is walked as one; ``sequence`` is its turn on the walk."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="zones")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80, blank=True)
    sequence = models.PositiveIntegerField(default=0, help_text="turn on the walk")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="stock_zone_once_per_site")]
        ordering = ["site", "sequence", "code"]

    def __str__(self) -> str:
        return self.code


class Bin(models.Model):
    """A place that holds goods. ``sequence`` is its turn on the walk through the warehouse."""

    KINDS = [
        (PICK, _("picking bin")),
        (RESERVE, _("reserve")),
        (RECEIVING, _("goods received")),
        (PACKING, _("packing place")),
        (SHOP_FLOOR, _("shop floor")),
        (QUARANTINE, _("quarantine")),
        (RETURNS, _("returns")),
        (B_STOCK, _("B stock")),
        (TRANSIT, _("on its way")),
    ]

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="bins")
    code = models.CharField(max_length=30, help_text=_("as printed on the shelf and scanned"))
    zone = models.ForeignKey(Zone, null=True, blank=True, on_delete=models.PROTECT, related_name="bins")
    kind = models.CharField(max_length=12, choices=KINDS, default=PICK)
    sequence = models.PositiveIntegerField(default=0, help_text=_("turn on the walk"))
    is_active = models.BooleanField(default=True, help_text="closed bins are kept for history")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code"], name="stock_bin_code_once")]
        indexes = [models.Index(fields=["kind", "sequence"], name="stock_bin_walk")]
        ordering = ["sequence", "code"]

    def __str__(self) -> str:
        return self.code

    @property
    def is_blocked(self) -> bool:
        """Whether what lies here is not for sale."""
        return self.kind in BLOCKED

    @property
    def is_on_its_way(self) -> bool:
        """Whether goods lie here between two sites: transfers make such bins, and nobody changes them by hand."""
        return self.kind == TRANSIT

    @property
    def holds_recalled(self) -> bool:
        """Whether pieces of a recalled lot may lie here: nobody sells or picks from it (as ``bins.lot_in`` asks)."""
        return self.kind in HOLDING or (self.kind == PACKING and self.code.startswith(RECALL_WORD))


class Handling(models.Model):
    """What an article asks of those who handle it. An article without a row is counted by pieces alone."""

    TRACKING = [
        (NO_TRACKING, _("pieces only")),
        (BY_LOT, _("lots")),
        (BY_SERIAL, _("serial numbers")),
    ]

    stockrecord = models.OneToOneField(StockRecord, on_delete=models.CASCADE, related_name="handling")
    tracking = models.CharField(max_length=10, choices=TRACKING, default=NO_TRACKING)
    has_best_before = models.BooleanField(default=False)
    min_days_left = models.PositiveSmallIntegerField(
        default=0, help_text="not sent to customers when fewer days are left"
    )
    length_mm = models.PositiveIntegerField(default=0)
    width_mm = models.PositiveIntegerField(default=0)
    height_mm = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stockrecord_id}: {self.tracking}"

    @property
    def is_tracked(self) -> bool:
        """Whether every piece belongs to a lot or has a serial number."""
        return self.tracking != NO_TRACKING

    def may_send(self, lot: Lot, on: dt.date) -> bool:
        """Whether pieces of this lot may still be sent to a customer on a day. The last day itself counts as 0 left."""
        return lot.best_before is None or (lot.best_before - on).days >= self.min_days_left


class Barcode(models.Model):
    """A code that means an article, or a pack of it: ``pieces`` says how many one scan is."""

    KINDS = [(GTIN, _("GTIN")), (OWN_CODE, _("own code"))]

    stockrecord = models.ForeignKey(StockRecord, on_delete=models.CASCADE, related_name="barcodes")
    code = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=5, choices=KINDS, default=OWN_CODE)
    pieces = models.PositiveIntegerField(default=1, help_text="how many pieces one scan means")
    name = models.CharField(max_length=40, blank=True, help_text="of the pack, as people say it")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pieces__gte=1), name="stock_barcode_means_something")
        ]
        ordering = ["pieces", "code"]

    def __str__(self) -> str:
        return self.code


class Lot(models.Model):
    """Pieces of one article that came together and are traced together; a serial number is a lot of one piece."""

    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=60)
    is_serial = models.BooleanField(default=False)
    best_before = models.DateField(null=True, blank=True)
    received_at = models.DateTimeField(default=now)
    recall_number = models.CharField(
        max_length=20,
        blank=True,
        default="",
        help_text="of the recall that keeps it off sale; empty: none does",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stockrecord", "code"], name="stock_lot_once")]
        indexes = [models.Index(fields=["code"], name="stock_lot_code")]
        ordering = ["best_before", "received_at", "pk"]

    def __str__(self) -> str:
        return self.code

    @property
    def is_recalled(self) -> bool:
        """Whether a recall keeps it off sale. As it was read: what is booked is decided by ``bins.lot_in``."""
        return bool(self.recall_number)


class LotStock(models.Model):
    """Pieces of one lot in one bin. Of a traced article they add up to its BinStock."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="lot_stock")
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="lot_contents")
    quantity = models.PositiveIntegerField(default=0)
    is_serial = models.BooleanField(default=False, help_text=_("as its lot: the constraints below need it"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lot", "bin"], name="stock_lot_once_per_bin"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_lot_never_negative"),
            models.CheckConstraint(
                condition=Q(is_serial=False) | Q(quantity__lte=1), name="stock_serial_is_one_piece"
            ),
            models.UniqueConstraint(
                fields=["lot"], condition=Q(is_serial=True, quantity__gt=0), name="stock_serial_in_one_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of lot {self.lot_id} in bin {self.bin_id}"


class BinStock(models.Model):
    """Pieces of one SKU in one bin: the sum of its movements, kept in the same transaction."""

    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="contents")
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="bin_stock")
    quantity = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(
        default=now, help_text="when the first of these pieces came: first in, first out"
    )
    is_doubtful = models.BooleanField(
        default=False,
        help_text="found empty by a picker; nobody is sent here until it is counted or filled",
    )

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
        (SCRAP, _("thrown away")),
    ]
    WHY_MAX_CHARS = 200

    kind = models.CharField(max_length=10, choices=KINDS)
    stockrecord = models.ForeignKey(
        StockRecord, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="movements")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="movements")
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
    unit_cost_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="of a receipt: what a piece cost, as far as it is known"
    )

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
        if kind == UNDONE or number.startswith(KEY) or (kind == "receipt" and not number.isdigit()):
            number = ""  # the key of a form, which says nothing to people
        words = {
            "order": _("Order"),
            "parcel": _("Parcel"),
            "receipt": _("Receipt"),
            "return": pgettext_lazy("goods", "Return"),
            "disposal": _("Thrown away, return"),
            "recall": _("Recall"),
            MISSING: _("Missing"),
            UNDONE: _("Taken back"),
        }
        words |= {"count": _("Count")} if number else {}
        words |= {"transfer": _("Transfer")} if number[:1] == "T" else {}  # else again the key of a form
        return f"{words[kind]} {number}".strip() if kind in words else ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("movements are never changed; write a further one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: history is kept."""
        raise AppendOnlyError("movements are never deleted; write a further one")

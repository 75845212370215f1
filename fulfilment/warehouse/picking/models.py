"""Pick lists: what to fetch for an order, from which bin, in the order of the walk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from checkout.order.models import Line, Order
from fulfilment.warehouse.stock.models import Bin, Lot, Site, Zone
from shop.kernel.clock import now

from .states import BATCH, PICK_LINE, PICK_LIST

NORMAL, URGENT = 0, 10
SINGLE, ORDERS, BY_ZONE = "single", "batch", "zone"
SCAN_PICK, SCAN_SHORT = "pick", "short"


class PickList(models.Model):
    """Exactly one per confirmed order and site that sends of it; it opens again when missing pieces come."""

    machine = PICK_LIST

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="pick_lists")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="pick_lists")
    state = models.CharField(
        _("State"), max_length=10, choices=PICK_LIST.choices, default=PICK_LIST.initial, db_index=True
    )
    picker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    packing_place = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=0, help_text="raised with each packing: compare-and-set")
    priority = models.SmallIntegerField(
        default=NORMAL, choices=[(NORMAL, _("normal")), (URGENT, _("urgent"))]
    )
    carrier = models.CharField(max_length=40, blank=True, help_text="code; empty: fetched in the store")
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="when the carrier comes that shall take it"
    )
    waits_for_answer = models.BooleanField(
        default=False, help_text="the shopper is asked about missing pieces; not packed meanwhile"
    )
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    picked_at = models.DateTimeField(null=True, blank=True)
    put_back_at = models.DateTimeField(
        null=True, blank=True, help_text="cancelled: goods are in their bins again"
    )

    class Meta:
        permissions = [
            ("pick_orders", "May pick orders"),
            ("plan_picking", "May plan walks and cut-off times"),
            ("see_people", "May see who picks how much"),
        ]
        constraints = [models.UniqueConstraint(fields=["order", "site"], name="picking_list_once_per_site")]
        indexes = [models.Index(fields=["state", "created_at"], name="picking_by_state")]
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"pick list {self.pk} of order {self.order_id} ({self.state})"

    @property
    def is_urgent(self) -> bool:
        """Whether it is to go before others."""
        return self.priority >= URGENT

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who picked what is part of the order's story."""
        raise ProtectedError("pick lists are cancelled, never deleted", {self})


class Batch(models.Model):
    """One walk: of a single order, of several with a box each, or of everything that a zone gives."""

    machine = BATCH
    KINDS = [(SINGLE, _("one order")), (ORDERS, _("several orders")), (BY_ZONE, _("one zone"))]

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=10, choices=KINDS, default=ORDERS)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="batches")
    zone = models.ForeignKey(Zone, null=True, blank=True, on_delete=models.PROTECT, related_name="batches")
    carrier = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=BATCH.choices, default=BATCH.initial, db_index=True)
    picker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    picked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]

    def __str__(self) -> str:
        return self.number


class BatchBox(models.Model):
    """A box on the cart of a batch, for one pick list."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="boxes")
    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="boxes")
    box = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "box"], name="picking_box_once"),
            models.UniqueConstraint(fields=["batch", "pick_list"], name="picking_list_once_per_batch"),
        ]
        ordering = ["box"]

    def __str__(self) -> str:
        return f"box {self.box} of {self.batch_id}"


class PickLine(models.Model):
    """Pieces of one order line to take from one bin. Without a bin: nowhere found, short from the start."""

    machine = PICK_LINE

    pick_list = models.ForeignKey(PickList, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="pick_lines")
    stockrecord = models.ForeignKey(
        StockRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="pick_lines"
    )
    bin = models.ForeignKey(Bin, null=True, blank=True, on_delete=models.PROTECT, related_name="pick_lines")
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="pick_lines")
    quantity = models.PositiveIntegerField(help_text="pieces to take here")
    quantity_picked = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0, help_text="turn on the walk")
    state = models.CharField(max_length=10, choices=PICK_LINE.choices, default=PICK_LINE.initial)
    put_back = models.BooleanField(
        default=False, help_text="the order was cancelled, the pieces are in the bin again"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="picking_line_wants_something"),
            # Stands behind two scans of the same line at the same moment: the second one is refused.
            models.CheckConstraint(
                condition=Q(quantity_picked__lte=F("quantity")), name="picking_never_more_than_wanted"
            ),
        ]
        indexes = [
            models.Index(fields=["bin", "stockrecord"], condition=Q(state="open"), name="picking_planned")
        ]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.quantity_picked} of {self.quantity} for line {self.order_line_id} ({self.state})"

    @property
    def quantity_open(self) -> int:
        """Pieces still to be scanned here; 0 once the line is closed."""
        return self.quantity - self.quantity_picked if self.state == "open" else 0

    @property
    def quantity_missing(self) -> int:
        """Pieces that could not be found here."""
        return self.quantity - self.quantity_picked if self.state == "short" else 0


class PickedLot(models.Model):
    """Pieces of one lot that were taken for one line: a recall finds its orders by it."""

    pick_line = models.ForeignKey(PickLine, on_delete=models.PROTECT, related_name="picked_lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="picked_lots")
    quantity = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pick_line", "lot"], name="picking_lot_once_per_line")]

    def __str__(self) -> str:
        return f"{self.quantity} of lot {self.lot_id} for pick line {self.pick_line_id}"


class ScanRecord(models.Model):
    """One scan of a phone, once: the id is made on the phone, so that sending it again changes nothing."""

    ANSWER_MAX_CHARS = 300
    KINDS = [(SCAN_PICK, _("picked")), (SCAN_SHORT, _("short"))]

    scan_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=10, choices=KINDS)
    line = models.ForeignKey(PickLine, null=True, blank=True, on_delete=models.PROTECT, related_name="scans")
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="scans")
    pick_list = models.ForeignKey(
        PickList, null=True, blank=True, on_delete=models.PROTECT, related_name="scans"
    )
    code = models.CharField(max_length=60, blank=True)
    bin_code = models.CharField(max_length=60, blank=True)
    lot_code = models.CharField(max_length=60, blank=True)
    quantity = models.PositiveIntegerField(default=0)
    accepted = models.BooleanField(default=False)
    answer = models.CharField(max_length=ANSWER_MAX_CHARS, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at_client = models.DateTimeField(
        null=True, blank=True, help_text="by the phone's clock, which may be wrong"
    )
    received_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="refused: somebody looked after the pieces"
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["by", "received_at"], name="picking_scans_by_person"),
            models.Index(
                fields=["received_at"],
                condition=Q(accepted=False, settled_at=None),
                name="picking_scans_refused",
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"scan {self.scan_id}"


class CutOff(models.Model):
    """When a carrier comes to a site: what is picked by then travels the same day."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="cut_offs")
    carrier = models.CharField(max_length=40, blank=True, help_text="code; empty: every carrier")
    weekdays = models.CharField(max_length=7, default="12345", help_text="1 is Monday")
    time = models.TimeField()
    holidays_of = models.CharField(
        max_length=2, blank=True, default="HH", help_text=_("German state whose holidays count")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "carrier", "time"], name="picking_cut_off_once")
        ]
        ordering = ["site", "time"]

    def __str__(self) -> str:
        return f"{self.carrier or '*'} {self.time:%H:%M}"

    @property
    def weekday_names(self) -> str:
        """Its days as people say them, shortened: Mon, Tue."""
        return ", ".join(str(WEEKDAYS_ABBR[int(day) - 1]) for day in self.weekdays)

"""Counts: which bin, who counted what without seeing the books, and what became of the difference."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from simple_history.models import HistoricalRecords

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import Bin, Lot
from shop.kernel.clock import now
from shop.kernel.models import AppendOnlyError

from .states import COUNT_TASK, TO_DO

CYCLE, SHORT, ASKED, CORRECTION = "cycle", "short", "asked", "correction"
NOTE_MAX_CHARS = 200
PROBLEM_MAX_CHARS = 400


def _person(**kwargs: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", **kwargs
    )


class CountPolicy(models.Model):
    """One row: when a count is believed, when another person must approve it, and how bins come by their class."""

    tolerance_pieces = models.PositiveIntegerField(
        _("Difference in pieces that is believed at once"), default=1
    )
    tolerance_percent = models.PositiveSmallIntegerField(
        _("Difference in per cent that is believed at once"),
        default=2,
        validators=[MaxValueValidator(100)],
        help_text=_("Beyond both, the article is counted a second time, by another person if possible."),
    )
    approval_value_minor = models.PositiveBigIntegerField(
        _("Value in cents above which another person approves"),
        default=10_000,
        help_text=_(
            "All differences of a count together, found and missing ones alike, at the cost of a piece."
        ),
    )
    window_days = models.PositiveSmallIntegerField(
        _("Days of dispatch that decide an article's class"), default=90, validators=[MinValueValidator(1)]
    )
    a_percent = models.PositiveSmallIntegerField(
        _("Class A: articles that make up this share of the value dispatched (%)"),
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    b_percent = models.PositiveSmallIntegerField(
        _("Classes A and B together (%)"),
        default=95,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    a_days = models.PositiveSmallIntegerField(
        _("Class A: counted every … days"), default=30, validators=[MinValueValidator(1)]
    )
    b_days = models.PositiveSmallIntegerField(
        _("Class B: counted every … days"), default=90, validators=[MinValueValidator(1)]
    )
    c_days = models.PositiveSmallIntegerField(
        _("Class C: counted every … days"), default=180, validators=[MinValueValidator(1)]
    )
    bins_per_day = models.PositiveSmallIntegerField(
        _("Bins to count a day, at most"),
        default=20,
        help_text=_("0: no count is planned by itself."),
    )

    history = HistoricalRecords()

    def __str__(self) -> str:
        return "count policy"

    def days_of(self, abc: str) -> int:
        """Days between two counts of a bin of this class (A, B, C)."""
        return {"A": self.a_days, "B": self.b_days}.get(abc, self.c_days)


class CountTask(models.Model):
    """One bin to count, whole or for one SKU. ``seen``: the last movement when the present round began."""

    machine = COUNT_TASK
    #: As a history keeps them, see shop/ui/reasons.py.
    WHY = {
        CYCLE: gettext_noop("regular count"),
        SHORT: gettext_noop("a picker found too few"),
        ASKED: gettext_noop("asked by a person"),
        CORRECTION: gettext_noop("correction on the article's page"),
    }
    CAUSES = [(cause, _(why)) for cause, why in WHY.items()]

    number = models.CharField(_("Number"), max_length=20, unique=True)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="count_tasks")
    stockrecord = models.ForeignKey(
        StockRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="count_tasks"
    )
    cause = models.CharField(_("Cause"), max_length=10, choices=CAUSES, default=ASKED)
    note = models.CharField(_("Note"), max_length=NOTE_MAX_CHARS, blank=True)
    abc = models.CharField(_("Class"), max_length=1, blank=True)
    state = models.CharField(
        _("State"), max_length=10, choices=COUNT_TASK.choices, default=COUNT_TASK.initial, db_index=True
    )
    counter = _person()
    recounter = _person()
    approver = _person()
    seen = models.BigIntegerField(default=0)
    value_minor = models.BigIntegerField(default=0, help_text="differences, found and missing added up")
    problem = models.CharField(
        max_length=PROBLEM_MAX_CHARS, blank=True, help_text="why it could not be booked"
    )
    created_by = _person()
    created_at = models.DateTimeField(default=now)
    counted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Stands behind two pickers who find the same bin empty at the same moment.
            models.UniqueConstraint(
                fields=["bin"],
                condition=Q(stockrecord=None, state__in=TO_DO),
                name="counting_bin_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["bin", "stockrecord"],
                condition=~Q(stockrecord=None) & Q(state__in=TO_DO),
                name="counting_sku_once_at_a_time",
            ),
        ]
        permissions = [
            ("view_counts", "May see counts and their differences"),
            ("count_bins", "May count bins and ask for counts"),
            ("approve_counts", "May approve what others counted"),
            ("change_policy", "May change tolerance, approval and rhythm of counts"),
        ]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def source(self) -> str:
        """What its movements name as their cause."""
        return f"count:{self.number}"

    @property
    def in_second_round(self) -> bool:
        """Whether what is counted now is the second count."""
        return self.state in ("recount", "recounting")

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who counted what is part of the stock's story."""
        raise ProtectedError("counts are cancelled, never deleted", {self})


class CountLine(models.Model):
    """One SKU (and lot) of a count. ``expected`` is what the books said when the count was closed; nobody who counts
    sees it. ``frozen``: the SKU's last movement in the bin at that moment."""

    task = models.ForeignKey(CountTask, on_delete=models.PROTECT, related_name="lines")
    stockrecord = models.ForeignKey(StockRecord, on_delete=models.PROTECT, related_name="count_lines")
    lot = models.ForeignKey(Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    first = models.PositiveIntegerField(null=True, blank=True)
    second = models.PositiveIntegerField(null=True, blank=True)
    expected = models.IntegerField(null=True, blank=True)
    frozen = models.BigIntegerField(default=0)
    recount = models.BooleanField(default=False, help_text="to be counted again")
    void_why = models.CharField(max_length=NOTE_MAX_CHARS, blank=True)
    unit_cost_minor = models.PositiveBigIntegerField(default=0)
    is_booked = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "stockrecord"], condition=Q(lot=None), name="counting_line_once"
            ),
            models.UniqueConstraint(
                fields=["task", "stockrecord", "lot"],
                condition=~Q(lot=None),
                name="counting_line_once_per_lot",
            ),
        ]
        ordering = ["stockrecord__partner_sku", "pk"]

    def __str__(self) -> str:
        return f"count of {self.stockrecord_id} in task {self.task_id}"

    @property
    def counted(self) -> int | None:
        """What counts: the second count where there is one."""
        return self.first if self.second is None else self.second

    @property
    def difference(self) -> int:
        """Counted less expected, in pieces; 0 as long as one of them is not known."""
        if self.counted is None or self.expected is None:
            return 0
        return self.counted - self.expected

    @property
    def value_minor(self) -> int:
        """What the difference cost us; negative: pieces are missing."""
        return self.difference * self.unit_cost_minor


class CountScan(models.Model):
    """One scan of a count. Append-only: who counted what and when, and what keeps a form sent twice from counting
    twice (``key``)."""

    line = models.ForeignKey(CountLine, on_delete=models.PROTECT, related_name="scans")
    task = models.ForeignKey(CountTask, on_delete=models.PROTECT, related_name="scans")
    is_second = models.BooleanField(default=False)
    quantity = models.IntegerField(help_text="pieces; with is_total the whole count, else added to it")
    is_total = models.BooleanField(default=False)
    key = models.CharField(max_length=32, blank=True)
    by = _person()
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "key"], condition=~Q(key=""), name="counting_scan_once")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} in count {self.task_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; raises AppendOnlyError for a row that exists."""
        if not self._state.adding:
            raise AppendOnlyError("scans of a count are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: history is kept."""
        raise AppendOnlyError("scans of a count are never deleted")

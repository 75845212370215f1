"""What the index has yet to hear, how it was built, what marketing says of words, and what nobody found."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shop.kernel.clock import now


class Changed(models.Model):
    """A product whose index entry is to be written anew. Rows come from triggers (triggers.py), whoever writes.

    ``product_id`` may be a variant's; ``applied`` marks what is kept for an index that is being built meanwhile.
    """

    product_id = models.BigIntegerField()
    applied = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(applied=False), name="search_changed_open")]

    def __str__(self) -> str:
        return f"product {self.product_id}"


class ChangedMany(models.Model):
    """Many products whose entries are to be written anew, told in one row: those of a range, of a category and all
    below it, of a class, or all there are. Triggers write it; the worker makes ``Changed`` of it, some at a time.

    ``after``: products up to this id are written out already. ``turns``: how often it was this row's turn.
    ``range_id``: the range that holds others since then, where it is not the one the row is about; 0: none.
    """

    RANGE, CATEGORY, CLASS, ALL = "range", "category", "class", "all"

    kind = models.CharField(max_length=10)
    of_id = models.BigIntegerField(default=0)
    after = models.BigIntegerField(default=0)
    turns = models.PositiveIntegerField(default=0)
    range_id = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.of_id}"


class Rebuild(models.Model):
    """One building of a new index: how far it is, and how it ended."""

    RUNNING, DONE, FAILED = "running", "done", "failed"
    STATES = [(RUNNING, _("running")), (DONE, _("done")), (FAILED, _("failed"))]

    version = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default=RUNNING)
    total = models.PositiveIntegerField(_("Products"), default=0)
    done = models.PositiveIntegerField(_("Products taken in"), default=0)
    from_change_id = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.done} of {self.total} ({self.state})"


class Synonym(models.Model):
    """Words that mean the same to our customers, as marketing writes them."""

    words = models.CharField(
        _("Words"),
        max_length=300,
        help_text=_("Separated by commas, for example: sneaker, trainer, sports shoe"),
    )
    one_way = models.BooleanField(
        _("Only from the first word"),
        default=False,
        help_text=_("Who looks for the first word finds the others as well, but not the other way round."),
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["words"]

    def __str__(self) -> str:
        return self.words

    @property
    def each(self) -> list[str]:
        """The words one by one."""
        return [word for part in self.words.split(",") if (word := " ".join(part.split()))]


class Boost(models.Model):
    """A product, or all that stands in a category, which the search shows further up for a while.

    It changes the order of what is found, never what is found.
    """

    LITTLE, CLEARLY, FIRST = 1, 2, 3
    STRENGTHS = [(LITTLE, _("a little")), (CLEARLY, _("clearly")), (FIRST, _("to the top"))]

    product = models.ForeignKey(
        "catalogue.Product", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    category = models.ForeignKey(
        "catalogue.Category", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    strength = models.PositiveSmallIntegerField(_("How much"), choices=STRENGTHS, default=CLEARLY)
    first_day = models.DateField(_("From"), null=True, blank=True)
    last_day = models.DateField(_("Until"), null=True, blank=True, help_text=_("The last day."))
    note = models.CharField(_("Why"), max_length=120, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(product=None, category__isnull=False) | Q(product__isnull=False, category=None),
                name="search_boost_product_or_category",
            ),
            models.CheckConstraint(
                condition=Q(first_day=None) | Q(last_day=None) | Q(first_day__lte=F("last_day")),
                name="search_boost_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product or self.category}: {self.get_strength_display()}"

    def runs_on(self, day: dt.date) -> bool:
        """Whether it holds on a day."""
        return (self.first_day is None or self.first_day <= day) and (
            self.last_day is None or day <= self.last_day
        )


class MissedSearch(models.Model):
    """What people looked for on a day and did not find; ``corrected`` is what they were shown instead."""

    day = models.DateField()
    language = models.CharField(max_length=5)
    words = models.CharField(_("Looked for"), max_length=100)
    corrected = models.CharField(_("Shown instead"), max_length=100, blank=True)
    times = models.PositiveIntegerField(_("Times"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "language", "words"], name="search_missed_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.words} ({self.times} times on {self.day})"

"""Exports with the file each of them is, the entries that a DATEV batch holds, and who fetched a file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.ledger.models import Entry
from shop.kernel.clock import now

from .reasons import words
from .states import EXPORT

DATEV, JOURNAL, Z3 = "datev", "journal", "z3"
HAS_FILE = ("made", "withdrawn")  #: states in which there is a file, which is kept
KINDS = [
    (DATEV, _("DATEV booking batch")),
    (Z3, _("Tax audit (GoBD Z3)")),
    (JOURNAL, _("Journal as JSON lines")),
]


class Export(models.Model):
    """One export: its period, who asked for it, and the file as it was made once and for all."""

    machine = EXPORT

    kind = models.CharField(_("Kind"), max_length=8, choices=KINDS)
    first_day = models.DateField(_("From"))
    last_day = models.DateField(_("Until"))
    state = models.CharField(
        _("State"), max_length=10, choices=EXPORT.choices, default=EXPORT.initial, db_default=EXPORT.initial
    )
    facts = models.JSONField(default=dict, help_text="what the file says of itself, as it was when asked for")
    entries = models.PositiveIntegerField(_("Entries"), default=0)
    created_at = models.DateTimeField(_("Created at"), default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(_("File"), max_length=120, blank=True)
    key = models.CharField(max_length=200, blank=True, help_text="where the file lies; empty: not made yet")
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(_("Size"), default=0)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="how often a worker began")
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="a worker makes it until then, or it rests after a failure"
    )
    problem = models.CharField(
        max_length=20, blank=True, db_default="", help_text="why it could not be made: see reasons.py"
    )
    detail = models.CharField(max_length=80, blank=True, db_default="", help_text="the error, by its name")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="exports_export_forward"),
            models.CheckConstraint(
                condition=~Q(state__in=HAS_FILE) & Q(sha256="")
                | Q(state__in=HAS_FILE) & ~Q(sha256="") & ~Q(key=""),
                name="exports_made_has_file",
            ),
        ]
        permissions = [("make_exports", "May make and download exports of the books")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day} to {self.last_day}"

    @property
    def reason(self) -> str:
        """Why it could not be made, in the reader's language; "" when there is nothing to say."""
        return words(self.problem)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: somebody may have the file already."""
        raise ProtectedError("exports are kept", {self})


class BatchEntry(models.Model):
    """An entry is in one DATEV batch: it is its key, so that no second batch can take it. Gone when that is given up or
    withdrawn."""

    entry = models.OneToOneField(
        Entry, primary_key=True, on_delete=models.PROTECT, related_name="datev_batch"
    )
    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="batch_entries")

    def __str__(self) -> str:
        return f"entry {self.entry_id} in export {self.export_id}"


class ExportFetch(models.Model):
    """Somebody downloaded the file of an export. Append-only: who has the books in hand is answered by it."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="fetches")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"export {self.export_id} fetched at {self.at}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: who fetched the books stays known."""
        raise ProtectedError("fetches of exports are kept", {self})

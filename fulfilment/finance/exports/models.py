"""Exports with the file each of them is, and the entries that a DATEV batch holds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.ledger.models import Entry
from shop.kernel.clock import now

from .states import EXPORT

DATEV, JOURNAL = "datev", "journal"
KINDS = [(DATEV, _("DATEV booking batch")), (JOURNAL, _("Journal as JSON lines"))]


class Export(models.Model):
    """One export: its period, who asked for it, and the file as it was made once and for all."""

    machine = EXPORT

    kind = models.CharField(_("Kind"), max_length=8, choices=KINDS)
    first_day = models.DateField(_("From"))
    last_day = models.DateField(_("Until"))
    state = models.CharField(
        _("State"), max_length=8, choices=EXPORT.choices, default=EXPORT.initial, db_default=EXPORT.initial
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

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="exports_export_forward"),
            models.CheckConstraint(
                condition=Q(state="waiting", sha256="") | Q(state="made") & ~Q(sha256="") & ~Q(key=""),
                name="exports_made_has_file",
            ),
        ]
        permissions = [("make_exports", "May make and download exports of the books")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day} to {self.last_day}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: somebody may have the file already."""
        raise ProtectedError("exports are kept", {self})


class BatchEntry(models.Model):
    """An entry is in one DATEV batch: it is its key, so that no second batch can take it."""

    entry = models.OneToOneField(
        Entry, primary_key=True, on_delete=models.PROTECT, related_name="datev_batch"
    )
    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="batch_entries")

    def __str__(self) -> str:
        return f"entry {self.entry_id} in export {self.export_id}"

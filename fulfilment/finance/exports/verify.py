"""Exports are what they say. Each check returns sentences; none means that it holds."""

from __future__ import annotations

import hashlib

from django.core.files.storage import storages
from django.db.models import Count, F

from .models import DATEV, HAS_FILE, Export

SHOWN = 20


def batches_hold_their_entries() -> list[str]:
    """As many entries belong to a DATEV batch as it says of itself, and none to one that was withdrawn."""
    live = Export.objects.filter(kind=DATEV).exclude(state="withdrawn")
    rows = live.annotate(held=Count("batch_entries"))
    kept = Export.objects.filter(state="withdrawn", batch_entries__isnull=False).distinct().order_by("pk")
    return [
        *(
            f"export {row.pk} says {row.entries} entries and holds {row.held}"
            for row in rows.exclude(held=F("entries")).order_by("pk")[:SHOWN]
        ),
        *(f"export {row.pk} is withdrawn and still holds entries" for row in kept[:SHOWN]),
    ]


def files_are_as_they_were_made() -> list[str]:
    """Each kept file is there, with the hash that was written down."""
    found = []
    for export in Export.objects.filter(state__in=HAS_FILE).order_by("pk").iterator():
        try:
            with storages["documents"].open(export.key) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        except FileNotFoundError:
            found.append(f"the file of export {export.pk} is missing")
            continue
        if digest != export.sha256:
            found.append(f"the file of export {export.pk} was changed")
    return found[:SHOWN]


CHECKS = [
    ("DATEV batches hold their entries", batches_hold_their_entries),
    ("files of exports are as they were made", files_are_as_they_were_made),
]

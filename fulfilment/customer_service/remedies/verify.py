"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import F

from .models import Remedy


def replacements_belong_to_their_order() -> list[str]:
    """A remedy that made an order made a replacement of its own order."""
    rows = Remedy.objects.filter(act="replacement").select_related("order", "made_order")
    wrong = rows.exclude(made_order__replaces=F("order"))
    return [f"remedy {row.pk} of order {row.order.number} has no replacement of it" for row in wrong[:20]]


CHECKS = [("replacements belong to the order they were made for", replacements_belong_to_their_order)]

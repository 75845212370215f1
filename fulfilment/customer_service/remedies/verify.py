"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

from django.db.models import F

from checkout.vouchers.models import PersonalVoucher

from .models import Remedy

SOURCE = "remedy:"  #: begins the source of a voucher that a remedy gave


def replacements_belong_to_their_order() -> list[str]:
    """A remedy that made an order made a replacement of its own order."""
    rows = Remedy.objects.filter(act="replacement").select_related("order", "made_order")
    wrong = rows.exclude(made_order__replaces=F("order"))
    return [f"remedy {row.pk} of order {row.order.number} has no replacement of it" for row in wrong[:20]]


def vouchers_are_what_their_remedies_say() -> list[str]:
    """Each remedy that gave a voucher has one of its order, amount, currency and code, and none lacks its remedy."""
    given = {row.source: row for row in PersonalVoucher.objects.select_related("voucher", "order")}
    given = {source: row for source, row in given.items() if source.startswith(SOURCE)}
    found = []
    for row in Remedy.objects.filter(act="voucher").select_related("order").order_by("pk").iterator(500):
        made = given.pop(f"{SOURCE}{row.pk}", None)
        said = (row.order_id, row.amount_minor, row.currency, row.facts.get("voucher"))
        if made is None or (made.order_id, made.amount_minor, made.currency, made.voucher.code) != said:
            found.append(f"remedy {row.pk} of order {row.order.number} has no voucher as it says")
    return found + [f"voucher {row.voucher.code} belongs to no remedy" for row in given.values()]


CHECKS = [
    ("replacements belong to the order they were made for", replacements_belong_to_their_order),
    ("vouchers are what their remedies say", vouchers_are_what_their_remedies_say),
]

"""Pieces that stand in an order which still waits for its money: they may be free again when its time is over.

A basket holds nothing, so nobody's basket is ever the reason; an order that was begun and not paid is.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import IntegerField, OuterRef, Subquery, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext

from catalogue.partner.models import Reservation
from shop.kernel.clock import now


def waiting(stockrecord: Any) -> Any:
    """Reservations of a stock record (a key, or an outer reference) that end by themselves."""
    rows = Reservation.objects.filter(stockrecord=stockrecord, state="open", expires_at__gt=now())
    return rows.order_by("expires_at")


def columns() -> dict[str, Any]:
    """For a query of basket lines: ``held_until`` and ``held_pieces``, without a query more."""
    rows = waiting(OuterRef("stockrecord_id"))
    pieces = rows.order_by().values("stockrecord").annotate(n=Sum("quantity_left")).values("n")
    return {
        "held_until": Subquery(rows.values("expires_at")[:1]),
        "held_pieces": Subquery(pieces, output_field=IntegerField()),
    }


def held_text(stockrecord_id: int) -> str:
    """In words, how many pieces wait elsewhere and until when; empty when none does. One query."""
    rows = list(waiting(stockrecord_id).values_list("expires_at", "quantity_left"))
    return words(rows[0][0], sum(pieces for _at, pieces in rows)) if rows else ""


def words(until: dt.datetime | None, pieces: int | None) -> str:
    """The sentence for a moment and a number of pieces; empty without either."""
    if until is None or not pieces:
        return ""
    local = timezone.localtime(until)
    today = local.date() == timezone.localdate(now())
    moment = date_format(local, "TIME_FORMAT") if today else date_format(local, "DATE_FORMAT")
    text = (
        ngettext(
            "%(n)d piece is in another checkout and may be free again at %(moment)s.",
            "%(n)d pieces are in another checkout; the first may be free again at %(moment)s.",
            pieces,
        )
        if today
        else ngettext(
            "%(n)d piece is in an order that waits for its payment and may be free again on %(moment)s.",
            "%(n)d pieces are in orders that wait for their payment; the first may be free again on %(moment)s.",
            pieces,
        )
    )
    return text % {"n": pieces, "moment": moment}

"""Pieces that stand in an order which still waits for its money: they may be free again when its time is over.

A basket holds nothing, so nobody's basket is ever the reason; an order that was begun and not paid is. Where that is
the reader's own order, it is named instead: it can simply be paid.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import IntegerField, OuterRef, Q, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext

from catalogue.partner.models import Reservation
from checkout.order.access import SESSION_KEY
from checkout.order.models import Order
from shop.kernel.clock import now
from shop.ui.times import short_time

#: So near a moment is said by its hour, also past midnight: every hour comes once until then.
SOON = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Reader:
    """Who reads, and so which orders are their own: an account's, and those this browser may see."""

    owner_id: int | None = None
    seen: tuple[int, ...] = ()

    @property
    def own(self) -> Q:
        """Of reservations: those of the reader's own orders."""
        found = Q(order_id__in=self.seen)
        if self.owner_id is not None:
            mine = Order.objects.filter(user_id=self.owner_id, status="awaiting_payment")
            found |= Q(order_id__in=mine.order_by().values("pk"))
        return found


NOBODY = Reader()


def reader_of(request: HttpRequest) -> Reader:
    """Who looks at this page. No query beyond the session's."""
    owner_id = request.user.pk if request.user.is_authenticated else None
    return Reader(owner_id, tuple(request.session.get(SESSION_KEY, ())))


def waiting(stockrecord: Any) -> Any:
    """Reservations of a stock record (a key, or an outer reference) that end by themselves."""
    rows = Reservation.objects.filter(stockrecord=stockrecord, state="open", expires_at__gt=now())
    return rows.order_by("expires_at")


def columns(reader: Reader = NOBODY) -> dict[str, Any]:
    """For a query of basket lines, without a query more: ``held_until`` and ``held_pieces`` of other people's orders,
    ``own_pieces`` and ``own_order`` (its number) of the reader's."""
    rows = waiting(OuterRef("stockrecord_id"))
    others, own = rows.exclude(reader.own), rows.filter(reader.own)
    number = Order.objects.filter(pk=OuterRef("order_id")).order_by().values("number")[:1]
    return {
        "held_until": Subquery(others.values("expires_at")[:1]),
        "held_pieces": _pieces(others),
        "own_pieces": _pieces(own),
        "own_order": Subquery(own.annotate(number=Subquery(number)).values("number")[:1]),
    }


def _pieces(rows: Any) -> Subquery:
    summed = rows.order_by().values("stockrecord").annotate(n=Sum("quantity_left")).values("n")
    return Subquery(summed, output_field=IntegerField())


def held_text(stockrecord_id: int, reader: Reader = NOBODY) -> str:
    """In words, how many pieces wait in which orders and until when; empty when none does. Two queries at most."""
    rows = list(waiting(stockrecord_id).exclude(reader.own).values_list("expires_at", "quantity_left"))
    elsewhere = words(rows[0][0], sum(pieces for _at, pieces in rows)) if rows else ""
    if reader == NOBODY:
        return elsewhere
    mine = list(waiting(stockrecord_id).filter(reader.own).values_list("order_id", "quantity_left"))
    number = Order.objects.filter(pk=mine[0][0]).values_list("number", flat=True).first() if mine else ""
    return " ".join(filter(None, (own_words(number, sum(pieces for _pk, pieces in mine)), elsewhere)))


def own_words(number: str | None, pieces: int | None) -> str:
    """The sentence about the reader's own order; empty without one."""
    if not number or not pieces:
        return ""
    text = ngettext(
        "%(n)d piece is in your own order %(number)s, which waits for its payment.",
        "%(n)d pieces are in your own order %(number)s, which waits for its payment.",
        pieces,
    )
    return text % {"n": pieces, "number": number}


def words(until: dt.datetime | None, pieces: int | None) -> str:
    """The sentence for a moment and a number of pieces; empty without either."""
    if until is None or not pieces:
        return ""
    local = timezone.localtime(until)
    soon = local.date() == timezone.localdate(now()) or until - now() <= SOON
    moment = short_time(until) if soon else date_format(local, "DATE_FORMAT")
    text = (
        ngettext(
            "%(n)d piece is in another checkout and may be free again at %(moment)s.",
            "%(n)d pieces are in another checkout; the first may be free again at %(moment)s.",
            pieces,
        )
        if soon
        else ngettext(
            "%(n)d piece is in an order that waits for its payment and may be free again on %(moment)s.",
            "%(n)d pieces are in orders that wait for their payment; the first may be free again on %(moment)s.",
            pieces,
        )
    )
    return text % {"n": pieces, "moment": moment}

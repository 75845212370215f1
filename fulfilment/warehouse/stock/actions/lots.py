"""Lots and serial numbers: what an article asks for, and which lot a code means."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.models import BY_SERIAL, NO_TRACKING, QUARANTINE, Bin, Handling, Lot, LotStock

from .errors import LotIsRecalled, StockError
from .places import find_place_of_kind

CODE_MAX_CHARS = 60


def handling_of(stockrecord_id: int) -> Handling:
    """What the article asks of those who handle it; without a row of its own it asks for nothing. One query."""
    found = Handling.objects.filter(stockrecord_id=stockrecord_id).first()
    return found or Handling(stockrecord_id=stockrecord_id)


def check_lot(*, stockrecord_id: int, lot: Lot | None, quantity: int) -> None:
    """StockError in words when the article asks for a lot and none is given, or the lot is not one of it. One query."""
    judge_lot(tracking_of(stockrecord_id), stockrecord_id=stockrecord_id, lot=lot, quantity=quantity)


def tracking_of(stockrecord_id: int) -> str:
    """How the article is kept: by pieces only, by lots, by serial numbers. One query."""
    return handling_of(stockrecord_id).tracking


def judge_lot(tracking: str, *, stockrecord_id: int, lot: Lot | None, quantity: int) -> None:
    """check_lot() for those who know how the article is kept."""
    if lot is None:
        if tracking != NO_TRACKING:
            raise StockError(ask_for(tracking))
        return
    if lot.stockrecord_id != stockrecord_id:
        raise StockError(_("Lot %(lot)s belongs to another article.") % {"lot": lot})
    if tracking == NO_TRACKING:
        raise StockError(_("This article is not kept by lots. Please leave the lot empty."))
    if lot.is_serial and quantity != 1:
        raise StockError(_("A serial number is exactly one piece; please scan each one."))


def ask_for(tracking: str) -> str:
    """The words that ask for what the article wants."""
    if tracking == BY_SERIAL:
        return _("Please scan the serial number of this article.")
    return _("Please scan the lot of this article.")


def clean_code(code: str) -> str:
    """A lot's code as it is kept: without blanks around it, in capitals. StockError when it cannot be one."""
    cleaned = code.strip().upper()
    if not cleaned or len(cleaned) > CODE_MAX_CHARS or not cleaned.isprintable():
        raise StockError(_("A lot or serial number has 1 to %(most)s characters.") % {"most": CODE_MAX_CHARS})
    return cleaned


def find_lot(*, stockrecord_id: int, code: str) -> Lot:
    """The lot of an article that a scanned code means; StockError in words when there is none. One query."""
    cleaned = clean_code(code)
    found = Lot.objects.filter(stockrecord_id=stockrecord_id, code=cleaned).first()
    if found is None:
        raise StockError(_("%(lot)s is not known for this article.") % {"lot": cleaned})
    return found


def note_lot(*, stockrecord_id: int, code: str, best_before: dt.date | None = None) -> Lot:
    """The lot of this code, made when it is new; for goods that come and for what a count found.

    StockError in words: the article has no lots, it asks for a best-before date, the lot came with another date.
    """
    handling = handling_of(stockrecord_id)
    if not handling.is_tracked:
        raise StockError(_("This article is not kept by lots. Please leave the lot empty."))
    cleaned, serial = clean_code(code), handling.tracking == BY_SERIAL
    found = Lot.objects.filter(stockrecord_id=stockrecord_id, code=cleaned).first()
    if found is None:
        if handling.has_best_before and best_before is None:
            raise StockError(_("This article needs a best-before date."))
        defaults = {"best_before": best_before, "is_serial": serial}
        found = Lot.objects.get_or_create(stockrecord_id=stockrecord_id, code=cleaned, defaults=defaults)[0]
    if best_before is not None and found.best_before != best_before:
        raise StockError(
            _("Lot %(lot)s is known with another best-before date: %(date)s.")
            % {"lot": found, "date": _day(found.best_before)}
        )
    if (
        found.is_serial != serial
    ):  # the article was handled otherwise when it came; nothing of it is left since
        Lot.objects.filter(pk=found.pk).update(is_serial=serial)
        LotStock.objects.filter(lot=found).update(is_serial=serial)
        found.is_serial = serial
    return found


def _day(day: dt.date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else "–"


def refuse_second_place(lot: Lot) -> None:
    """StockError in words when a serial number lies somewhere already; a constraint stands behind it."""
    there = LotStock.objects.filter(lot=lot, quantity__gt=0).select_related("bin").first()
    if there is not None:
        raise StockError(
            _("Serial number %(lot)s already lies in bin %(bin)s.") % {"lot": lot, "bin": there.bin}
        )


def refuse_recalled(*, lot: Lot | None, bin: Bin) -> None:
    """LotIsRecalled in words when a recall keeps the lot off sale and ``bin`` may not hold it; they name the place of
    the site for it. No query unless it is recalled."""
    if lot is None or not lot.is_recalled or bin.holds_recalled:
        return
    place = find_place_of_kind(QUARANTINE, bin.site_id)
    raise LotIsRecalled(
        _("%(lot)s is recalled (%(recall)s) and must not go on sale. Please put it into %(bin)s.")
        % {"lot": lot, "recall": lot.recall_number, "bin": place or _("a bin for quarantine")}
    )


def refuse_unsendable(*, handling: Handling, lot: Lot, on: dt.date) -> None:
    """StockError in words when a lot has too few days left on ``on`` to be sent to a customer."""
    if not handling.may_send(lot, on):
        raise StockError(
            _("Lot %(lot)s is best before %(date)s and may no longer be sent. Please put it aside.")
            % {"lot": lot, "date": _day(lot.best_before)}
        )


def pieces_of(lot: Lot) -> int:
    """Pieces of a lot in the house. One query."""
    return LotStock.objects.filter(lot=lot).aggregate(n=Sum("quantity"))["n"] or 0

"""What was found, what is missing, what comes back and what is thrown away."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import (
    COUNT,
    MISSING,
    RETURN,
    SCRAP,
    Bin,
    BinStock,
    Lot,
    LotStock,
    Movement,
)
from shop.kernel.transactions import retrying

from .bins import change_house, hold, lose, movement, put_in, refuse_closed, take_out
from .errors import QUANTITY_MAX, StockError, check_counted, check_quantity
from .lots import check_lot
from .recalled import place_to_correct


def count(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    counted: int,
    by: Any = None,
    why: str = "",
    seen: int | None = None,
    lot: Lot | None = None,
    cause: str = "count",
) -> int:
    """Somebody counted a bin (of an article with lots: one lot in it): the difference becomes a movement.

    Returns the difference (0: nothing to book). ``seen``: the SKU's last movement when the count began; one of this bin
    (and lot) after it makes the count void; what was set aside as missing does not. StockError then, for a wrong lot,
    and when more would vanish than is free of promises: an order must be shortened or cancelled first.
    """
    check_counted(counted)

    def book() -> int:
        hold(stockrecord_id=stockrecord.pk, bin_id=bin.pk)
        if lot is not None and counted > 1:
            check_lot(stockrecord_id=stockrecord.pk, lot=lot, quantity=counted)
        later = _here(stockrecord, bin, lot).filter(pk__gt=seen or 0)
        if seen is not None and later.exclude(cause__startswith=f"{MISSING}:").exists():
            raise StockError(_("Somebody changed this bin while you counted. Please count again."))
        difference = counted - _kept(stockrecord, bin, lot)
        if difference:
            _correct(stockrecord, bin, difference, cause, why, by, lot)
        BinStock.objects.filter(stockrecord=stockrecord, bin=bin, is_doubtful=True).update(is_doubtful=False)
        return difference

    return retrying(book)


def _here(stockrecord: StockRecord, bin: Bin, lot: Lot | None) -> QuerySet[Movement]:
    rows = Movement.objects.filter(stockrecord=stockrecord, bin=bin)
    return rows if lot is None else rows.filter(lot=lot)


def _kept(stockrecord: StockRecord, bin: Bin, lot: Lot | None) -> int:
    if lot is None:
        return BinStock.objects.values_list("quantity", flat=True).get(stockrecord=stockrecord, bin=bin)
    return LotStock.objects.filter(lot=lot, bin=bin).values_list("quantity", flat=True).first() or 0


def correct(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    difference: int,
    cause: str,
    by: Any = None,
    why: str = "",
    lot: Lot | None = None,
) -> Movement:
    """Book a known difference: pieces more (+) or fewer (-) than the books say. The bin is no longer doubtful.

    Pieces of a recalled lot are booked where they may lie, in quarantine: the movement names the bin. StockError when
    it is 0 or too large, the lot is missing or wrong, or promised pieces would vanish; NotEnoughInBin.
    """
    whole = isinstance(difference, int) and not isinstance(difference, bool)
    if not whole or not 1 <= abs(difference) <= QUANTITY_MAX:
        raise StockError(
            _("The quantity must be a whole number from 1 to %(most)s.") % {"most": QUANTITY_MAX}
        )

    def book() -> Movement:
        row = _correct(stockrecord, bin, difference, cause, why, by, lot)
        BinStock.objects.filter(stockrecord=stockrecord, bin=bin, is_doubtful=True).update(is_doubtful=False)
        return row

    return retrying(book)


def _correct(
    stockrecord: StockRecord, bin: Bin, difference: int, cause: str, why: str, by: Any, lot: Lot | None
) -> Movement:
    bin = place_to_correct(lot=lot, bin=bin, difference=difference)
    what: dict[str, Any] = {"stockrecord_id": stockrecord.pk, "bin_id": bin.pk}
    if difference > 0:
        check_lot(stockrecord_id=stockrecord.pk, lot=lot, quantity=difference)
        refuse_closed(bin.pk)
        put_in(**what, quantity=difference, lot=lot)
    else:
        take_out(**what, quantity=-difference, lot=lot)
    lose(**what, change=difference)
    row = movement(COUNT, stockrecord.pk, bin.pk, difference, cause, why, by, lot)
    row.save(force_insert=True)
    return row


def take_back(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    quantity: int,
    cause: str,
    by: Any = None,
    why: str = "",
    lot: Lot | None = None,
) -> Movement:
    """Pieces that had left the house came back into ``bin``; for sale unless it is of a blocked kind.

    StockError for a bad quantity, a closed bin, a missing or wrong lot.
    """
    check_quantity(quantity)

    def book() -> Movement:
        check_lot(stockrecord_id=stockrecord.pk, lot=lot, quantity=quantity)
        refuse_closed(bin.pk)
        put_in(stockrecord_id=stockrecord.pk, bin_id=bin.pk, quantity=quantity, lot=lot)
        change_house(stockrecord_id=stockrecord.pk, bin_id=bin.pk, change=quantity)
        row = movement(RETURN, stockrecord.pk, bin.pk, quantity, cause, why, by, lot)
        row.save(force_insert=True)
        return row

    return retrying(book)


def discard(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    quantity: int,
    cause: str,
    why: str,
    by: Any = None,
    lot: Lot | None = None,
) -> Movement:
    """Pieces are thrown away: out of the bin and out of the house.

    StockError for a bad quantity, a missing or wrong lot, and when promised pieces would vanish; NotEnoughInBin.
    """
    check_quantity(quantity)

    def book() -> Movement:
        take_out(stockrecord_id=stockrecord.pk, bin_id=bin.pk, quantity=quantity, lot=lot)
        lose(stockrecord_id=stockrecord.pk, bin_id=bin.pk, change=-quantity)
        row = movement(SCRAP, stockrecord.pk, bin.pk, -quantity, cause, why, by, lot)
        row.save(force_insert=True)
        return row

    return retrying(book)

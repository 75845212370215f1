"""Bins that were found empty: nobody is sent there, and what nobody has bought yet is not sold from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.models import MISSING, TRANSFER, Bin, BinStock, Lot, LotStock
from fulfilment.warehouse.stock.queries import set_aside_in
from shop.kernel.transactions import retrying

from .bins import hold, shift
from .lots import handling_of
from .places import missing_place
from .recalled import return_recalled


def mark_doubtful(*, stockrecord_id: int, bin_id: int, by: Any = None) -> bool:
    """Somebody found fewer pieces in a bin than the books say: planners leave it out until it is counted or filled.

    Returns False when it was marked before, or holds nothing by the books.
    """
    rows = BinStock.objects.filter(
        stockrecord_id=stockrecord_id, bin_id=bin_id, quantity__gt=0, is_doubtful=False
    )
    return bool(rows.update(is_doubtful=True))


def set_aside_missing(
    *, stockrecord: StockRecord, bin: Bin, cause: str, by: Any = None, why: str = ""
) -> int:
    """Take those pieces of a bin off sale that nobody can find and nobody has bought. Returns how many.

    They lie in the site's bin for what is missing until a count clears them up (return_set_aside); pieces that are
    promised to customers stay until their orders are shortened. ``cause``: ``missing:`` and the number of the count.
    ValueError for another cause.
    """
    _check_cause(cause)

    def carry() -> int:
        target = missing_place(bin.site)
        hold(stockrecord_id=stockrecord.pk, bin_id=bin.pk)
        # Held as well, so that nobody buys between the look and the booking.
        fresh = StockRecord.objects.select_for_update(no_key=True, of=("self",)).get(pk=stockrecord.pk)
        lying = BinStock.objects.values_list("quantity", flat=True).get(stockrecord=stockrecord, bin=bin)
        if bin.is_blocked or bin.pk == target.pk:
            return 0
        return _carry(stockrecord.pk, bin.pk, target.pk, min(lying, fresh.available), cause, why, by)

    return retrying(carry)


def return_set_aside(*, stockrecord: StockRecord, bin: Bin, cause: str, by: Any = None) -> int:
    """What was set aside from a bin lies there again in the books (of a recalled lot: in quarantine), so that a count
    of it can be booked. Returns the pieces; safe to repeat (then 0). ``cause`` as for set_aside_missing()."""
    _check_cause(cause)

    def carry() -> int:
        source = missing_place(bin.site)
        hold(stockrecord_id=stockrecord.pk, bin_id=source.pk)
        aside = {lot: n for (sku, lot), n in set_aside_in(bin.pk).items() if sku == stockrecord.pk}
        lots = Lot.objects.in_bulk([lot for lot in aside if lot])
        place = (stockrecord.pk, source.pk, bin.pk)
        pieces = 0
        for lot_id, n in aside.items():  # lot by lot: those of other bins lie there too, and stay
            lot = lots.get(lot_id or 0)
            if lot is not None and lot.is_recalled:
                return_recalled(lot=lot, source=source, bin=bin, quantity=n, cause=cause, by=by)
            else:
                _carry(*place, n, cause, "", by, lot)
            pieces += n
        return pieces

    return retrying(carry)


def _check_cause(cause: str) -> None:
    if not cause.startswith(f"{MISSING}:"):
        raise ValueError(f"pieces are set aside with a cause that begins with {MISSING}:, not {cause!r}")


def _carry(
    stockrecord_id: int,
    source_id: int,
    target_id: int,
    pieces: int,
    cause: str,
    why: str,
    by: Any,
    only: Lot | None = None,
) -> int:
    parts = [(only, pieces)] if only else _split(stockrecord_id, source_id, pieces)
    for lot, quantity in parts:
        shift(
            kind=TRANSFER,
            stockrecord_id=stockrecord_id,
            source_id=source_id,
            target_id=target_id,
            quantity=quantity,
            cause=cause,
            why=why,
            by=by,
            lot=lot,
        )
    return pieces


def _split(stockrecord_id: int, bin_id: int, pieces: int) -> Iterator[tuple[Lot | None, int]]:
    """So many pieces of a bin, lot by lot; the lot that would be taken last goes first."""
    if pieces <= 0:
        return
    if not handling_of(stockrecord_id).is_tracked:
        yield None, pieces
        return
    rows = LotStock.objects.filter(lot__stockrecord=stockrecord_id, bin=bin_id, quantity__gt=0)
    for row in list(rows.select_related("lot").order_by("-lot__best_before", "-lot__received_at", "-pk")):
        taken = min(pieces, row.quantity)
        if taken:
            yield row.lot, taken
        pieces -= taken

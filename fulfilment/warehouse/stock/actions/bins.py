"""What every booking is made of: pieces into a bin, pieces out of it, and the movement that says why.

Correctness rests on conditional updates with CHECK constraints behind them, on SQLite and PostgreSQL alike. All of
these are parts of a caller's transaction.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from catalogue.partner.actions import change_stock, set_apart
from catalogue.partner.models import InsufficientStock, StockRecord
from fulfilment.warehouse.stock.models import (
    BLOCKED,
    DISPATCH,
    HOLDING,
    KEY,
    NO_TRACKING,
    PACKING,
    PICKED,
    RECALL_WORD,
    Bin,
    BinStock,
    Handling,
    Lot,
    LotStock,
    Movement,
)
from shop.kernel.clock import now

from .errors import AlreadyBooked, NotEnoughInBin, StockError
from .lots import judge_lot, refuse_recalled, refuse_second_place

_BINS, _LOTS, _HANDLING = (model._meta.db_table for model in (BinStock, LotStock, Handling))
_LOT, _BIN = (model._meta.db_table for model in (Lot, Bin))
_INTO_BIN = (
    f"INSERT INTO {_BINS} (stockrecord_id, bin_id, quantity, since, is_doubtful) VALUES (%s, %s, %s, %s, %s) "
    f"ON CONFLICT (stockrecord_id, bin_id) DO UPDATE SET quantity = {_BINS}.quantity + excluded.quantity, "
    # The age is that of the oldest piece. MIN of two values has another name on each database; CASE has not.
    f"since = CASE WHEN {_BINS}.quantity = 0 OR excluded.since < {_BINS}.since THEN excluded.since "
    f"ELSE {_BINS}.since END"
)
_OUT_OF_BIN = (
    f"UPDATE {_BINS} SET quantity = quantity - %s WHERE stockrecord_id = %s AND bin_id = %s AND quantity >= %s "
    # How the article is kept comes along, because a scan has no query to spare.
    f"RETURNING since, (SELECT tracking FROM {_HANDLING} h WHERE h.stockrecord_id = {_BINS}.stockrecord_id)"
)
# Bin.holds_recalled in SQL: the one statement by which a lot comes into a bin asks it, so that nobody can forget to.
_LOT_INTO_BIN = (
    f"INSERT INTO {_LOTS} (lot_id, bin_id, quantity, is_serial) SELECT l.id, b.id, %s, l.is_serial "
    f"FROM {_LOT} l, {_BIN} b WHERE l.id = %s AND b.id = %s AND (l.recall_number = '' OR b.kind IN (%s, %s) "
    "OR (b.kind = %s AND b.code LIKE %s)) {lock}"
    f"ON CONFLICT (lot_id, bin_id) DO UPDATE SET quantity = {_LOTS}.quantity + excluded.quantity"
)
#: On PostgreSQL the lot stays as it was read until the booking is done: who recalls it waits, and then sees the pieces
#: (on SQLite every writer already queues).
_LOT_LOCK = "FOR SHARE OF l "


def put_in(
    *,
    stockrecord_id: int,
    bin_id: int,
    quantity: int,
    lot: Lot | None = None,
    since: Any = None,
    fills: bool = False,
) -> None:
    """Raise a bin's sum, also that of the first piece, in one statement that SQLite and PostgreSQL both know.

    ``since``: the age of the pieces as take_out() gave it (None: they are new); ``fills``: the bin is filled, so it is
    no longer doubtful. Part of a caller's transaction that also writes the movement.
    """
    moment = connection.ops.adapt_datetimefield_value(now()) if since is None else since
    if lot is not None and lot.is_serial and quantity:
        refuse_second_place(lot)
    with connection.cursor() as cursor:
        cursor.execute(_INTO_BIN, [stockrecord_id, bin_id, quantity, moment, False])
    if lot is not None:
        lot_in(lot=lot, bin_id=bin_id, quantity=quantity)
    if fills:
        doubtful = BinStock.objects.filter(stockrecord_id=stockrecord_id, bin_id=bin_id, is_doubtful=True)
        doubtful.update(is_doubtful=False)


def put_in_many(rows: list[tuple[int, int, int]]) -> None:
    """put_in() for new pieces of many articles without lots: (stock record, bin, quantity) each, in one statement that
    fills the bins."""
    moment = connection.ops.adapt_datetimefield_value(now())
    with connection.cursor() as cursor:
        cursor.executemany(
            _INTO_BIN, [(sku, place, quantity, moment, False) for sku, place, quantity in rows]
        )
    skus, filled = {row[0] for row in rows}, {row[:2] for row in rows}
    doubtful = BinStock.objects.filter(
        stockrecord__gte=min(skus), stockrecord__lte=max(skus), is_doubtful=True
    )
    for pk, sku, place in list(doubtful.values_list("pk", "stockrecord_id", "bin_id")):
        if (sku, place) in filled:
            BinStock.objects.filter(pk=pk).update(is_doubtful=False)


def lot_in(*, lot: Lot, bin_id: int, quantity: int) -> None:
    """Raise the sum of a lot in a bin, beside that of its article. LotIsRecalled when a recall keeps the lot off sale
    and the bin is none that may hold it."""
    statement = _LOT_INTO_BIN.format(lock=_LOT_LOCK if connection.features.has_select_for_update else "")
    may_hold = [*HOLDING, PACKING, f"{RECALL_WORD}%"]
    with connection.cursor() as cursor:
        cursor.execute(statement, [quantity, lot.pk, bin_id, *may_hold])
        written = cursor.rowcount
    if not written:
        kinds_of(bin_id)  # says when the bin is not there any more
        refuse_recalled(lot=Lot.objects.get(pk=lot.pk), bin=Bin.objects.get(pk=bin_id))
        raise AssertionError(f"lot {lot.pk} did not come into bin {bin_id}")


def take_out(*, stockrecord_id: int, bin_id: int, quantity: int, lot: Lot | None = None) -> Any:
    """Lower a bin's sum by one conditional update; NotEnoughInBin when fewer pieces (of the lot) lie there, StockError
    in words when the article asks for a lot and none is given, or the lot is not one of it.

    Returns since when they lay there, for put_in() of the next bin. The caller's transaction is rolled back on errors.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OUT_OF_BIN, [quantity, stockrecord_id, bin_id, quantity])
        row = cursor.fetchone()
    if row is None:
        left = BinStock.objects.filter(stockrecord_id=stockrecord_id, bin_id=bin_id)
        raise _not_enough(bin_id, left.values_list("quantity", flat=True).first() or 0, quantity)
    since, tracking = row
    judge_lot(tracking or NO_TRACKING, stockrecord_id=stockrecord_id, lot=lot, quantity=quantity)
    if lot is not None:
        here = LotStock.objects.filter(lot=lot, bin_id=bin_id)
        if not here.filter(quantity__gte=quantity).update(quantity=F("quantity") - quantity):
            raise _not_enough(bin_id, here.values_list("quantity", flat=True).first() or 0, quantity, lot)
    return since


def _not_enough(bin_id: int, left: int, wanted: int, lot: Lot | None = None) -> NotEnoughInBin:
    facts = {"bin": Bin.objects.get(pk=bin_id), "left": left, "wanted": wanted, "lot": lot}
    if lot is None:
        return NotEnoughInBin(_("Bin %(bin)s holds %(left)s of these, not %(wanted)s.") % facts)
    if lot.is_serial:
        return NotEnoughInBin(_("Serial number %(lot)s does not lie in bin %(bin)s.") % facts)
    return NotEnoughInBin(_("Bin %(bin)s holds %(left)s of lot %(lot)s, not %(wanted)s.") % facts)


def hold(*, stockrecord_id: int, bin_id: int) -> None:
    """Hold a SKU's row of a bin until the end of the transaction, also where there is none yet: PostgreSQL would let
    two people reckon with the same number (on SQLite every writer already queues)."""
    put_in(stockrecord_id=stockrecord_id, bin_id=bin_id, quantity=0)


def form_cause(kind: str, key: str) -> str:
    """The cause of what a form booked: ``receipt:key-4f…``. Marked, since a random key may be digits alone and would
    read as the number of a receipt."""
    return f"{kind}:{KEY}{key}"


def refuse_repeat(stockrecord_id: int, cause: str) -> None:
    """AlreadyBooked when a movement of this SKU has this cause. Hold the SKU's row first."""
    if Movement.objects.filter(stockrecord_id=stockrecord_id, cause=cause).exists():
        raise AlreadyBooked(_("This was booked already; nothing was booked twice."))


def kinds_of(*bin_ids: int) -> dict[int, str]:
    """The kinds of bins, read after their sums are held; StockError for a bin that is not there."""
    kinds = dict(Bin.objects.filter(pk__in=bin_ids).values_list("pk", "kind"))
    if len(kinds) < len(set(bin_ids)):
        raise StockError(_("This bin is not there any more."))
    return kinds


def refuse_closed(bin_id: int) -> None:
    """StockError in words when nothing may be put into the bin."""
    closed = Bin.objects.filter(pk=bin_id, is_active=False).first()
    if closed is not None:
        raise StockError(_("Bin %(bin)s is closed; nothing can be put there.") % {"bin": closed})


def change_house(*, stockrecord_id: int, bin_id: int, change: int) -> None:
    """Pieces came into the house (+) or left it (-) by this bin: into or out of the sale, or of quarantine.

    Called after the bin's sum was changed. InsufficientStock when promised pieces would vanish, or more than lie in
    quarantine; StockError when the article was deleted meanwhile.
    """
    try:
        if kinds_of(bin_id)[bin_id] not in BLOCKED:
            change_stock(stockrecord_id=stockrecord_id, change=change)
            return
        rows = StockRecord.objects.filter(pk=stockrecord_id, num_quarantine__gte=-change)
        if not rows.update(num_quarantine=F("num_quarantine") + change):
            record = StockRecord.objects.get(pk=stockrecord_id)
            raise InsufficientStock(record.partner_sku, -change, record.num_quarantine)
    except StockRecord.DoesNotExist:
        raise StockError(_("This article was deleted in the meantime. Nothing was booked.")) from None


def lose(*, stockrecord_id: int, bin_id: int, change: int) -> None:
    """change_house() for pieces that are found or missing; StockError in words when promised ones would vanish."""
    try:
        change_house(stockrecord_id=stockrecord_id, bin_id=bin_id, change=change)
    except InsufficientStock as error:
        raise StockError(
            _(
                "%(missing)s pieces of %(sku)s are missing, but only %(left)s are not promised to customers. "
                "Shorten or cancel an order first; the count was not booked."
            )
            % {"missing": error.wanted, "sku": error.sku, "left": error.left}
        ) from None


def shift(
    *,
    stockrecord_id: int,
    source_id: int,
    target_id: int,
    quantity: int,
    cause: str,
    by: Any,
    kind: str = PICKED,
    why: str = "",
    lot: Lot | None = None,
    fills: bool = False,
) -> None:
    """Out of one bin, into another, as two movements; part of a caller's transaction.

    Into quarantine the pieces leave the sale, out of it they come back. The age of the pieces goes along. ``fills``:
    somebody fills the target, so it is no longer doubtful; pieces that only go back where they were do not.
    NotEnoughInBin; StockError when the lot is missing or wrong, or pieces that are promised to customers would leave
    the sale.
    """
    since = take_out(stockrecord_id=stockrecord_id, bin_id=source_id, quantity=quantity, lot=lot)
    put_in(
        stockrecord_id=stockrecord_id,
        bin_id=target_id,
        quantity=quantity,
        lot=lot,
        since=since,
        fills=fills,
    )
    if kind != PICKED:  # what is picked goes from shelf to packing place, both for sale: spare the query
        _cross_the_line(stockrecord_id, source_id, target_id, quantity)
    Movement.objects.bulk_create(
        [
            movement(kind, stockrecord_id, source_id, -quantity, cause, why, by, lot),
            movement(kind, stockrecord_id, target_id, quantity, cause, why, by, lot),
        ]
    )


def _cross_the_line(stockrecord_id: int, source_id: int, target_id: int, quantity: int) -> None:
    """Pieces that go into or out of a blocked bin leave or enter the sale."""
    kinds = kinds_of(source_id, target_id)
    was, will = kinds[source_id] in BLOCKED, kinds[target_id] in BLOCKED
    if was == will:
        return
    try:
        set_apart(stockrecord_id=stockrecord_id, quantity=quantity if will else -quantity)
    except InsufficientStock as error:
        raise StockError(
            _(
                "Only %(left)s pieces of %(sku)s are not promised to customers, so %(wanted)s cannot be taken off "
                "sale. Shorten or cancel an order first."
            )
            % {"left": error.left, "sku": error.sku, "wanted": error.wanted}
        ) from None


def leave(
    *, stockrecord_id: int, bin_id: int, quantity: int, cause: str, by: Any, lot: Lot | None = None
) -> None:
    """Pieces leave the house from the packing place. Part of dispatch's transaction, which also calls
    ``partner.actions.ship`` for reservation and stock record. NotEnoughInBin, StockError without the lot."""
    take_out(stockrecord_id=stockrecord_id, bin_id=bin_id, quantity=quantity, lot=lot)
    movement(DISPATCH, stockrecord_id, bin_id, -quantity, cause, "", by, lot).save(force_insert=True)


def movement(
    kind: str,
    stockrecord_id: int,
    bin_id: int,
    quantity: int,
    cause: str,
    why: str,
    by: Any,
    lot: Lot | None = None,
) -> Movement:
    """A movement that is not written yet."""
    return Movement(
        kind=kind,
        stockrecord_id=stockrecord_id,
        bin_id=bin_id,
        lot=lot,
        quantity=quantity,
        cause=cause,
        why=why[: Movement.WHY_MAX_CHARS],
        by=by if getattr(by, "pk", None) else None,
    )

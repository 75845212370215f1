"""Goods come into the house: one SKU at the shelf, or many at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock.events import GoodsReceived
from fulfilment.warehouse.stock.models import (
    BLOCKED,
    NO_TRACKING,
    RECEIPT,
    Bin,
    Handling,
    Lot,
    Movement,
)
from shop.kernel.money import round_half_up
from shop.kernel.numbers import next_with_gaps
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .bins import (
    change_house,
    form_cause,
    hold,
    kinds_of,
    movement,
    put_in,
    put_in_many,
    refuse_closed,
    refuse_repeat,
)
from .errors import StockError, check_cost, check_quantity
from .lots import check_lot, note_lot

BULK = 2_000  #: rows per statement of receive_many()
OPENING = "opening"  #: what was there when the books began; everything else is a receipt


@dataclass(frozen=True, slots=True)
class Received:
    """Pieces of one SKU that came into one bin, for receive_many()."""

    stockrecord_id: int
    bin_id: int
    quantity: int


def receive(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    quantity: int,
    by: Any = None,
    why: str = "",
    cause: str = "",
    key: str = "",
    lot: Lot | str | None = None,
    best_before: dt.date | None = None,
    unit_cost_minor: int | None = None,
) -> Movement:
    """Goods came: ``quantity`` pieces into ``bin``. Free for sale from now on, unless the bin is of a blocked kind.

    ``key``: of the form that was sent, becomes the cause; AlreadyBooked when it comes a second time. ``lot``: row or
    code as scanned, made when it is new; with ``best_before`` where the article asks for it. ``unit_cost_minor``: what
    a piece cost, in minor units of the SKU's currency; the SKU's own cost becomes the moving average. StockError in
    words: bad quantity or cost, closed bin, lot missing or wrong, a serial number that is in the house already.
    """
    check_quantity(quantity)
    check_cost(unit_cost_minor)
    cause = form_cause("receipt", key) if key else cause

    def book() -> Movement:
        if key:
            hold(stockrecord_id=stockrecord.pk, bin_id=bin.pk)
            refuse_repeat(stockrecord.pk, cause)
        refuse_closed(bin.pk)
        row = lot
        if isinstance(row, str):
            row = note_lot(stockrecord_id=stockrecord.pk, code=row, best_before=best_before) if row else None
        check_lot(stockrecord_id=stockrecord.pk, lot=row, quantity=quantity)
        put_in(stockrecord_id=stockrecord.pk, bin_id=bin.pk, quantity=quantity, lot=row, fills=True)
        change_house(stockrecord_id=stockrecord.pk, bin_id=bin.pk, change=quantity)
        written = movement(RECEIPT, stockrecord.pk, bin.pk, quantity, cause, why, by, row)
        sku = _note_cost(stockrecord.pk, quantity, unit_cost_minor)
        # Pieces whose cost nobody named are worth what the others cost.
        written.unit_cost_minor = sku.unit_cost_minor if unit_cost_minor is None else unit_cost_minor
        written.save(force_insert=True)
        _tell(written, sku)
        return written

    try:
        return retrying(book)
    except IntegrityError as error:  # two people scanned the same serial number in the same moment
        if lot is None:
            raise
        raise StockError(_("This serial number was received by somebody else at the same moment.")) from error


def average_cost(*, pieces: int, cost_minor: int, quantity: int, unit_cost_minor: int) -> int:
    """The cost of a piece after ``quantity`` pieces at ``unit_cost_minor`` came to ``pieces`` at ``cost_minor``.

    Moving weighted average, (pieces * cost + quantity * unit cost) / (pieces + quantity), in minor units, rounded half
    up as everywhere in the shop: IAS 2.27 (as each additional shipment is received), § 240 (4) HGB.
    """
    worth = pieces * cost_minor + quantity * unit_cost_minor
    return round_half_up(Decimal(worth) / Decimal(pieces + quantity))


def _note_cost(stockrecord_id: int, quantity: int, unit_cost_minor: int | None) -> StockRecord:
    """Keep the average. The row is ours since change_house() raised it: nobody reckons with it meanwhile."""
    fresh = StockRecord.objects.get(pk=stockrecord_id)
    if unit_cost_minor is not None:
        average = average_cost(
            pieces=fresh.on_hand - quantity,
            cost_minor=fresh.unit_cost_minor,
            quantity=quantity,
            unit_cost_minor=unit_cost_minor,
        )
        if average != fresh.unit_cost_minor:
            StockRecord.objects.filter(pk=fresh.pk).update(unit_cost_minor=average)
    return fresh


def _tell(written: Movement, sku: StockRecord) -> None:
    cost = written.unit_cost_minor or 0
    record(
        GoodsReceived(
            movement_id=written.pk,
            stockrecord_id=sku.pk,
            sku=sku.partner_sku,
            quantity=written.quantity,
            unit_cost_minor=cost,
            total_cost_minor=cost * written.quantity,
            currency=sku.price_currency,
            cause=written.cause,
            kind=RECEIPT,
        )
    )


def receive_many(
    rows: Iterable[Received], *, by: Any = None, why: str = "", kind: str = RECEIPT, cause: str = ""
) -> int:
    """Receive many SKUs at once, in few statements (opening stock, large deliveries). Returns the pieces.

    One transaction; rows of the same SKU and bin are added up. ``kind``: ``receipt`` or ``opening``. StockError for a
    bad quantity, a closed bin or an article that asks for lots (receive() each): then nothing is booked.
    """
    cause = cause or f"receipt:{next_with_gaps('receipt')}"
    sums: dict[tuple[int, int], int] = {}
    for row in rows:
        key = (row.stockrecord_id, row.bin_id)
        sums[key] = sums.get(key, 0) + check_quantity(row.quantity)

    def book() -> int:
        _refuse_what_needs_care({bin_id for _sku, bin_id in sums})
        for chunk in _chunks(sorted(sums.items())):
            _receive_chunk(chunk, cause, why, by)
        _tell_all(sums, cause, kind)
        return sum(sums.values())

    return retrying(book)


def _refuse_what_needs_care(bins: set[int]) -> None:
    closed = Bin.objects.filter(pk__in=bins, is_active=False).first()
    if closed is not None:
        raise StockError(_("Bin %(bin)s is closed; nothing can be put there.") % {"bin": closed})


def _receive_chunk(chunk: list[tuple[tuple[int, int], int]], cause: str, why: str, by: Any) -> None:
    skus = [sku for (sku, _bin), _quantity in chunk]
    between = {"stockrecord_id__gte": min(skus), "stockrecord_id__lte": max(skus)}
    asking = (
        Handling.objects.filter(**between)
        .exclude(tracking=NO_TRACKING)
        .values_list("stockrecord_id", flat=True)
    )
    if set(asking) & set(skus):
        raise StockError(_("Articles with lots or serial numbers are received one by one."))
    Movement.objects.bulk_create(
        [movement(RECEIPT, sku, place, n, cause, why, by) for (sku, place), n in chunk]
    )
    put_in_many([(sku, place, n) for (sku, place), n in chunk])
    _raise_sums(chunk)


def _raise_sums(chunk: list[tuple[tuple[int, int], int]]) -> None:
    """For sale or in quarantine, by the kind of the bin. No SKU is in two chunks, so each is raised once."""
    kinds = kinds_of(*{place for (_sku, place), _n in chunk})
    came: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for (sku, place), quantity in chunk:
        came[sku][kinds[place] in BLOCKED] += quantity
    statement = (
        f"UPDATE {StockRecord._meta.db_table} SET num_in_stock = num_in_stock + %s, "
        "num_quarantine = num_quarantine + %s WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(sale, apart, sku) for sku, (sale, apart) in sorted(came.items())])


def _tell_all(sums: dict[tuple[int, int], int], cause: str, kind: str) -> None:
    """One event per receipt and currency: what came is worth what its articles cost."""
    pieces: dict[int, int] = defaultdict(int)
    for (sku, _bin), quantity in sums.items():
        pieces[sku] += quantity
    came: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for chunk in _chunks([((sku, 0), n) for sku, n in sorted(pieces.items())]):
        skus = [sku for (sku, _bin), _n in chunk]
        rows = StockRecord.objects.filter(pk__gte=skus[0], pk__lte=skus[-1])
        for pk, cost, currency in rows.values_list("pk", "unit_cost_minor", "price_currency"):
            came[currency][0] += pieces.get(pk, 0)
            came[currency][1] += pieces.get(pk, 0) * cost
    for currency, (quantity, worth) in sorted(came.items()):
        if quantity:
            record(GoodsReceived(0, 0, "", quantity, 0, worth, currency, cause, kind))


def _chunks(items: list[tuple[tuple[int, int], int]]) -> Iterator[list[tuple[tuple[int, int], int]]]:
    """Pieces of about BULK rows that never cut a SKU in two."""
    walk = iter(items)
    chunk = list(islice(walk, BULK))
    while chunk:
        following = next(walk, None)
        while following is not None and following[0][0] == chunk[-1][0][0]:
            chunk.append(following)
            following = next(walk, None)
        yield chunk
        chunk = [] if following is None else [following, *islice(walk, BULK - 1)]

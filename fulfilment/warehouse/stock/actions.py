"""Verbs of stock: receive, transfer, count, and what picking and dispatch do to bins.

Each writes movements, the bins' sums and, where pieces come or go, the stock record, in one transaction. Correctness
rests on conditional updates with CHECK constraints behind them, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import F, OuterRef, Subquery, Sum
from django.utils.translation import gettext as _

from catalogue.partner.actions import change_stock
from catalogue.partner.models import InsufficientStock, StockRecord
from shop.kernel.numbers import next_with_gaps
from shop.kernel.transactions import retrying

from .models import COUNT, DISPATCH, PACKING, PICKED, RECEIPT, TRANSFER, Bin, BinStock, Movement, Site

QUANTITY_MAX = 100_000  #: pieces in one booking; more is a slip of the scanner, not a delivery
BULK = 2_000  #: rows per statement of receive_many()


class StockError(Exception):
    """What a person at the shelf must be told; nothing was changed. The text is for them."""


class NotEnoughInBin(StockError):
    """The bin holds fewer pieces than should be taken out of it."""


class AlreadyBooked(StockError):
    """The same form was sent before: a double click, or the page was sent again."""


@dataclass(frozen=True, slots=True)
class Received:
    """Pieces of one SKU that came into one bin, for receive_many()."""

    stockrecord_id: int
    bin_id: int
    quantity: int


def check_quantity(quantity: int) -> int:
    """The quantity, when it is a whole number from 1 to QUANTITY_MAX; StockError in words otherwise."""
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= QUANTITY_MAX:
        raise StockError(
            _("The quantity must be a whole number from 1 to %(most)s.") % {"most": QUANTITY_MAX}
        )
    return quantity


def default_site() -> Site:
    """The one site there is; made at its first use."""
    return Site.objects.first() or Site.objects.get_or_create(code="main", defaults={"name": "Hauptlager"})[0]


def packing_place() -> Bin:
    """Where picked goods wait for their parcel: the first bin of that kind; made at its first use."""
    place = Bin.objects.filter(kind=PACKING).first()
    if place is None:
        defaults = {"kind": PACKING, "zone": "P", "sequence": 900_000, "site": default_site()}
        place = Bin.objects.get_or_create(code="PACK-01", defaults=defaults)[0]
    return place


def put_in(*, stockrecord_id: int, bin_id: int, quantity: int) -> None:
    """Raise a bin's sum, also that of the first piece, in one statement that SQLite and PostgreSQL both know.

    Part of a caller's transaction that also writes the movement.
    """
    table = BinStock._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (stockrecord_id, bin_id, quantity) VALUES (%s, %s, %s) "
            f"ON CONFLICT (stockrecord_id, bin_id) DO UPDATE SET quantity = {table}.quantity + excluded.quantity",
            [stockrecord_id, bin_id, quantity],
        )


def _hold(stockrecord_id: int, bin_id: int) -> None:
    """Hold a SKU's row of a bin until the end of the transaction, also where there is none yet: PostgreSQL would let
    two people reckon with the same number (on SQLite every writer already queues)."""
    put_in(stockrecord_id=stockrecord_id, bin_id=bin_id, quantity=0)


def _refuse_repeat(stockrecord_id: int, cause: str) -> None:
    if Movement.objects.filter(stockrecord_id=stockrecord_id, cause=cause).exists():
        raise AlreadyBooked(_("This was booked already; nothing was booked twice."))


def take_out(*, stockrecord_id: int, bin_id: int, quantity: int) -> None:
    """Lower a bin's sum by one conditional update; NotEnoughInBin when fewer pieces lie there."""
    rows = BinStock.objects.filter(stockrecord_id=stockrecord_id, bin_id=bin_id)
    if rows.filter(quantity__gte=quantity).update(quantity=F("quantity") - quantity):
        return
    left = rows.values_list("quantity", flat=True).first() or 0
    raise NotEnoughInBin(
        _("Bin %(bin)s holds %(left)s of these, not %(wanted)s.")
        % {"bin": Bin.objects.get(pk=bin_id), "left": left, "wanted": quantity}
    )


def receive(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    quantity: int,
    by: Any = None,
    why: str = "",
    cause: str = "",
    key: str = "",
) -> Movement:
    """Goods came: ``quantity`` pieces into ``bin``. Free for sale from now on. StockError for a bad quantity.

    ``key``: of the form that was sent, becomes the cause; AlreadyBooked when it comes a second time.
    """
    check_quantity(quantity)
    cause = f"receipt:{key}" if key else cause

    def book() -> Movement:
        put_in(stockrecord_id=stockrecord.pk, bin_id=bin.pk, quantity=quantity)
        if key:
            _refuse_repeat(stockrecord.pk, cause)
        change_stock(stockrecord_id=stockrecord.pk, change=quantity)
        return _write(RECEIPT, stockrecord.pk, bin.pk, quantity, cause, why, by)

    return retrying(book)


def transfer(
    *,
    stockrecord: StockRecord,
    source: Bin,
    target: Bin,
    quantity: int,
    by: Any = None,
    why: str = "",
    key: str = "",
) -> None:
    """Carry pieces from one bin to another; what is for sale stays the same. NotEnoughInBin, StockError.

    ``key``: of the form that was sent; AlreadyBooked when it comes a second time.
    """
    check_quantity(quantity)
    if source.pk == target.pk:
        raise StockError(_("Source and target are the same bin."))
    cause = f"transfer:{key}" if key else ""

    def carry() -> None:
        if key:
            _hold(stockrecord.pk, source.pk)
            _refuse_repeat(stockrecord.pk, cause)
        shift(
            kind=TRANSFER,
            stockrecord_id=stockrecord.pk,
            source_id=source.pk,
            target_id=target.pk,
            quantity=quantity,
            cause=cause,
            why=why,
            by=by,
        )

    retrying(carry)


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
) -> None:
    """Out of one bin, into another, as two movements; part of a caller's transaction. NotEnoughInBin."""
    take_out(stockrecord_id=stockrecord_id, bin_id=source_id, quantity=quantity)
    put_in(stockrecord_id=stockrecord_id, bin_id=target_id, quantity=quantity)
    Movement.objects.bulk_create(
        [
            _row(kind, stockrecord_id, source_id, -quantity, cause, why, by),
            _row(kind, stockrecord_id, target_id, quantity, cause, why, by),
        ]
    )


def leave(*, stockrecord_id: int, bin_id: int, quantity: int, cause: str, by: Any) -> None:
    """Pieces leave the house from the packing place. Part of dispatch's transaction, which also calls
    ``partner.actions.ship`` for reservation and stock record. NotEnoughInBin."""
    take_out(stockrecord_id=stockrecord_id, bin_id=bin_id, quantity=quantity)
    _write(DISPATCH, stockrecord_id, bin_id, -quantity, cause, "", by)


def count(
    *,
    stockrecord: StockRecord,
    bin: Bin,
    counted: int,
    by: Any = None,
    why: str = "",
    seen: int | None = None,
) -> int:
    """Somebody counted a bin: the difference becomes a movement. Returns it (0: nothing to book).

    ``seen``: the SKU's last movement when the count began; one of this bin after it makes the count void.
    StockError then, and when more would vanish than is free of promises: an order must be shortened or cancelled first.
    """
    if not isinstance(counted, int) or isinstance(counted, bool) or not 0 <= counted <= QUANTITY_MAX:
        raise StockError(_("The count must be a whole number from 0 to %(most)s.") % {"most": QUANTITY_MAX})

    def book() -> int:
        _hold(stockrecord.pk, bin.pk)
        later = Movement.objects.filter(stockrecord=stockrecord, bin=bin, pk__gt=seen or 0)
        if seen is not None and later.exists():
            raise StockError(_("Somebody changed this bin while you counted. Please count again."))
        rows = BinStock.objects.filter(stockrecord=stockrecord, bin=bin)
        difference = counted - rows.values_list("quantity", flat=True).get()
        if difference == 0:
            return 0
        rows.update(quantity=counted)
        _change_after_count(stockrecord, difference)
        _write(COUNT, stockrecord.pk, bin.pk, difference, "count", why, by)
        return difference

    return retrying(book)


def _change_after_count(stockrecord: StockRecord, difference: int) -> None:
    try:
        change_stock(stockrecord_id=stockrecord.pk, change=difference)
    except InsufficientStock as error:
        raise StockError(
            _(
                "%(missing)s pieces of %(sku)s are missing, but only %(left)s are not promised to customers. "
                "Shorten or cancel an order first; the count was not booked."
            )
            % {"missing": error.wanted, "sku": error.sku, "left": error.left}
        ) from None


def receive_many(rows: Iterable[Received], *, by: Any = None, why: str = "") -> int:
    """Receive many SKUs at once, in few statements (opening stock, large deliveries). Returns the pieces.

    One transaction; rows of the same SKU and bin are added up. StockError for a bad quantity: then nothing is booked.
    """
    cause = f"receipt:{next_with_gaps('receipt')}"
    sums: dict[tuple[int, int], int] = {}
    for row in rows:
        key = (row.stockrecord_id, row.bin_id)
        sums[key] = sums.get(key, 0) + check_quantity(row.quantity)

    def book() -> int:
        for chunk in _chunks(sorted(sums.items())):
            _receive_chunk(chunk, cause, why, by)
        return sum(sums.values())

    return retrying(book)


def _receive_chunk(chunk: list[tuple[tuple[int, int], int]], cause: str, why: str, by: Any) -> None:
    skus = [sku for (sku, _bin), _quantity in chunk]
    Movement.objects.bulk_create([_row(RECEIPT, sku, place, n, cause, why, by) for (sku, place), n in chunk])
    known = set(
        BinStock.objects.filter(stockrecord_id__gte=min(skus), stockrecord_id__lte=max(skus)).values_list(
            "stockrecord_id", "bin_id"
        )
    )
    for (sku, place), quantity in chunk:
        if (sku, place) in known:
            put_in(stockrecord_id=sku, bin_id=place, quantity=quantity)
    BinStock.objects.bulk_create(
        [
            BinStock(stockrecord_id=sku, bin_id=place, quantity=n)
            for (sku, place), n in chunk
            if (sku, place) not in known
        ]
    )
    came = Movement.objects.filter(stockrecord=OuterRef("pk"), cause=cause)
    total = came.order_by().values("stockrecord").annotate(pieces=Sum("quantity")).values("pieces")
    # No SKU is in two chunks, so each is raised once by what this receipt brought.
    StockRecord.objects.filter(pk__in=set(skus)).update(num_in_stock=F("num_in_stock") + Subquery(total))


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


def _row(
    kind: str, stockrecord_id: int, bin_id: int, quantity: int, cause: str, why: str, by: Any
) -> Movement:
    return Movement(
        kind=kind,
        stockrecord_id=stockrecord_id,
        bin_id=bin_id,
        quantity=quantity,
        cause=cause,
        why=why[: Movement.WHY_MAX_CHARS],
        by=by if getattr(by, "pk", None) else None,
    )


def _write(
    kind: str, stockrecord_id: int, bin_id: int, quantity: int, cause: str, why: str, by: Any
) -> Movement:
    movement = _row(kind, stockrecord_id, bin_id, quantity, cause, why, by)
    movement.save(force_insert=True)
    return movement

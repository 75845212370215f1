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
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from catalogue.partner.actions import change_stock, set_apart
from catalogue.partner.models import InsufficientStock, StockRecord
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.transactions import retrying

from .models import (
    BLOCKED,
    COUNT,
    DISPATCH,
    PACKING,
    PICKED,
    RECEIPT,
    TRANSFER,
    Bin,
    BinStock,
    Movement,
    Site,
    Zone,
)

QUANTITY_MAX = 100_000  #: pieces in one booking; more is a slip of the scanner, not a delivery
BULK = 2_000  #: rows per statement of receive_many()
PACKING_SEQUENCE = 900_000  #: turn on the walk of packing places: the walk ends there


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
    """The first site that is open; made at its first use."""
    first = Site.objects.filter(is_active=True).first()
    return first or Site.objects.get_or_create(code="main", defaults={"name": "Hauptlager"})[0]


def place_zone(*, site: Site, code: str, sequence: int = 0) -> Zone:
    """The zone of this code at a site; made when it is not there."""
    return Zone.objects.get_or_create(site=site, code=code, defaults={"sequence": sequence})[0]


def packing_place(site: Site | None = None) -> Bin:
    """Where picked goods of a site (None: the default one) wait for their parcel: its first open bin of that kind;
    made at its first use."""
    site = site or default_site()
    place = Bin.objects.filter(site=site, kind=PACKING, is_active=True).first()
    if place is None:
        zone = place_zone(site=site, code="P", sequence=PACKING_SEQUENCE)
        defaults = {"kind": PACKING, "zone": zone, "sequence": PACKING_SEQUENCE, "site": site}
        taken = Bin.objects.filter(code="PACK-01").exclude(site=site).exists()
        code = f"PACK-{site.code.upper()}"[:30] if taken else "PACK-01"
        place = Bin.objects.get_or_create(code=code, defaults=defaults)[0]
    return place


def put_in(*, stockrecord_id: int, bin_id: int, quantity: int) -> None:
    """Raise a bin's sum, also that of the first piece, in one statement that SQLite and PostgreSQL both know.

    Part of a caller's transaction that also writes the movement.
    """
    table = BinStock._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (stockrecord_id, bin_id, quantity, since, is_doubtful) VALUES (%s, %s, %s, %s, %s) "
            f"ON CONFLICT (stockrecord_id, bin_id) DO UPDATE SET quantity = {table}.quantity + excluded.quantity, "
            f"since = CASE WHEN {table}.quantity = 0 THEN excluded.since ELSE {table}.since END",
            [stockrecord_id, bin_id, quantity, connection.ops.adapt_datetimefield_value(now()), False],
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
        change_house(stockrecord_id=stockrecord.pk, blocked=bin.is_blocked, change=quantity)
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
    """Out of one bin, into another, as two movements; part of a caller's transaction.

    Into quarantine the pieces leave the sale, out of it they come back. NotEnoughInBin; StockError when pieces that
    are promised to customers would leave the sale.
    """
    take_out(stockrecord_id=stockrecord_id, bin_id=source_id, quantity=quantity)
    put_in(stockrecord_id=stockrecord_id, bin_id=target_id, quantity=quantity)
    if kind != PICKED:  # what is picked goes from shelf to packing place, both for sale: spare the query
        _cross_the_line(stockrecord_id, source_id, target_id, quantity)
    Movement.objects.bulk_create(
        [
            _row(kind, stockrecord_id, source_id, -quantity, cause, why, by),
            _row(kind, stockrecord_id, target_id, quantity, cause, why, by),
        ]
    )


def _cross_the_line(stockrecord_id: int, source_id: int, target_id: int, quantity: int) -> None:
    """Pieces that go into or out of a blocked bin leave or enter the sale."""
    kinds = dict(Bin.objects.filter(pk__in=(source_id, target_id)).values_list("pk", "kind"))
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


def change_house(*, stockrecord_id: int, blocked: bool, change: int) -> None:
    """Pieces came into the house (+) or left it (-) by a bin that is ``blocked`` or for sale; part of a caller's
    transaction. InsufficientStock when promised pieces would vanish, or more than lie in quarantine."""
    if not blocked:
        change_stock(stockrecord_id=stockrecord_id, change=change)
        return
    rows = StockRecord.objects.filter(pk=stockrecord_id, num_quarantine__gte=-change)
    if not rows.update(num_quarantine=F("num_quarantine") + change):
        record = StockRecord.objects.get(pk=stockrecord_id)
        raise InsufficientStock(record.partner_sku, -change, record.num_quarantine)


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
        rows.update(quantity=counted, is_doubtful=False)
        _change_after_count(stockrecord, bin, difference)
        _write(COUNT, stockrecord.pk, bin.pk, difference, "count", why, by)
        return difference

    return retrying(book)


def _change_after_count(stockrecord: StockRecord, bin: Bin, difference: int) -> None:
    try:
        change_house(stockrecord_id=stockrecord.pk, blocked=bin.is_blocked, change=difference)
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
    came = Movement.objects.filter(stockrecord=OuterRef("pk"), cause=cause).order_by().values("stockrecord")
    for_sale = came.exclude(bin__kind__in=BLOCKED).annotate(pieces=Sum("quantity")).values("pieces")
    blocked = came.filter(bin__kind__in=BLOCKED).annotate(pieces=Sum("quantity")).values("pieces")
    # No SKU is in two chunks, so each is raised once by what this receipt brought.
    StockRecord.objects.filter(pk__in=set(skus)).update(
        num_in_stock=F("num_in_stock") + Coalesce(Subquery(for_sale), 0),
        num_quarantine=F("num_quarantine") + Coalesce(Subquery(blocked), 0),
    )


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

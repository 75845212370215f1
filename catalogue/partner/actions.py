"""Verbs of stock: take, give back, ship, reserve for an order line. Those of prices are in ``prices.py``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from shop.kernel.clock import now
from shop.kernel.states import move

from . import statements
from .models import InsufficientStock, Reservation, StockRecord
from .states import RESERVATION


@dataclass(frozen=True)
class Wish:
    """Pieces wanted by one order line."""

    stockrecord_id: int
    order_line_id: int
    order_id: int
    quantity: int


def take(stockrecord: StockRecord, quantity: int) -> None:
    """Promise pieces by one conditional update.

    Correct on every database without a lock: of two buyers of the last piece the second UPDATE changes no row.
    Raises InsufficientStock, ValueError for a quantity below 1.
    """
    if quantity < 1:
        raise ValueError("at least one piece must be reserved")
    if not statements.promise(stockrecord.pk, quantity):
        fresh = StockRecord.objects.get(pk=stockrecord.pk)
        raise InsufficientStock(fresh.partner_sku, quantity, fresh.available)
    stockrecord.num_allocated += quantity


def give_back(stockrecord: StockRecord, quantity: int) -> None:
    """Take a promise back; ValueError when fewer pieces are promised."""
    if quantity < 1 or not statements.unpromise(stockrecord.pk, quantity):
        raise ValueError(f"{stockrecord.partner_sku}: {quantity} pieces are not reserved")
    stockrecord.num_allocated -= quantity


def reserve(wishes: Sequence[Wish], *, expires_at: dt.datetime | None) -> None:
    """Reserve for all lines of an order or for none: wishes are summed per SKU first and taken in SKU order.

    One order for all writers, so that two orders of the same SKUs never wait for each other crosswise. A single wish
    is whole by itself, several need the caller's transaction. Raises InsufficientStock; the caller's transaction must
    then be rolled back.
    """
    wanted: dict[int, int] = {}
    for wish in wishes:
        if wish.quantity < 1:
            raise ValueError("at least one piece must be reserved")
        wanted[wish.stockrecord_id] = wanted.get(wish.stockrecord_id, 0) + wish.quantity
    if len(wishes) == 1:
        _reserve_one(wishes[0], expires_at)
        return
    _take_wanted(wanted)
    Reservation.objects.bulk_create(
        [
            Reservation(
                stockrecord_id=wish.stockrecord_id,
                order_line_id=wish.order_line_id,
                order_id=wish.order_id,
                quantity=wish.quantity,
                quantity_left=wish.quantity,
                expires_at=expires_at,
            )
            for wish in wishes
        ]
    )


def _reserve_one(wish: Wish, expires_at: dt.datetime | None) -> None:
    """The promise that many may want in the same moment: one statement where the database can, no row read before."""
    row = statements.NewReservation(
        wish.stockrecord_id, wish.order_line_id, wish.order_id, wish.quantity, expires_at, now()
    )
    if not statements.reserve(row):
        raise _explain(_Lacking({wish.stockrecord_id: wish.quantity}))


def _take_wanted(wanted: dict[int, int]) -> None:
    """All of it or nothing; InsufficientStock with what is really left."""
    if len(wanted) == 1:
        [(pk, pieces)] = wanted.items()
        if not statements.promise(pk, pieces):  # nothing was changed: no savepoint to go back to
            raise _explain(_Lacking(wanted))
        return
    try:
        with transaction.atomic():
            _take_all(wanted)
    except _Lacking as lacking:
        raise _explain(lacking) from None


def _take_all(wanted: dict[int, int]) -> None:
    """One conditional UPDATE for all SKUs: a constant number of queries however long the order is."""
    if statements.promise_all(wanted) == len(wanted):
        return
    # Roll our own update back before looking: else the rows that did have enough would show too little.
    raise _Lacking(wanted)


class _Lacking(Exception):
    """Carries the wishes out of the savepoint; turned into InsufficientStock with what is really left."""

    def __init__(self, wanted: dict[int, int]) -> None:
        super().__init__("not enough stock")
        self.wanted = wanted


def _explain(lacking: _Lacking) -> InsufficientStock:
    """Which SKU lacks how much, read after the savepoint was rolled back."""
    records = StockRecord.objects.filter(pk__in=lacking.wanted).order_by("partner_sku", "pk")
    for record in records:
        if not record.backorderable and record.available < lacking.wanted[record.pk]:
            return InsufficientStock(record.partner_sku, lacking.wanted[record.pk], record.available)
    first = next(
        iter(records), None
    )  # somebody gave pieces back in between: still refused, the shopper may retry
    return InsufficientStock(first.partner_sku if first else "?", sum(lacking.wanted.values()), 0)


def keep(*, order_id: int) -> int:
    """The order is confirmed: its reservations no longer expire. Returns how many."""
    return Reservation.objects.filter(order_id=order_id, state="open").update(expires_at=None)


def release(*, order_id: int, by: Any = None, why: str, expired: bool = False) -> int:
    """Give back everything still reserved for an order. Returns the number of pieces; safe to repeat.

    All lines at once, with a row of history for each as ``move()`` writes it. A parcel that leaves in this moment is
    waited for. ValueError when fewer pieces are promised than the reservations say; nothing is changed then.
    """
    to = "expired" if expired else "released"
    RESERVATION.require(RESERVATION.initial, to, f"of order {order_id}")
    try:
        return statements.release(statements.Closing(order_id, to, getattr(by, "pk", None), why, now()))
    except IntegrityError as error:  # the column's own rule: never below zero
        raise ValueError(f"order {order_id}: fewer pieces are promised than are reserved for it") from error


def had_expired(*, order_id: int) -> bool:
    """Whether an order lost its pieces because its time was over, not because somebody cancelled it."""
    return Reservation.objects.filter(order_id=order_id, state="expired").exists()


def release_line(*, order_line_id: int, quantity: int, by: Any = None, why: str) -> None:
    """Give back part of a line's reservation (a line was cancelled or shortened). ValueError when less is reserved."""
    with transaction.atomic():
        reservation = Reservation.objects.select_related("stockrecord").get(order_line_id=order_line_id)
        _shrink(reservation, quantity, closed_as="released", by=by, why=why)
        # An order that comes back to life takes again what it still wants, not what was cancelled before.
        Reservation.objects.filter(pk=reservation.pk).update(quantity=F("quantity") - quantity)
        give_back(reservation.stockrecord, quantity)


def ship(*, order_line_id: int, quantity: int, by: Any = None, why: str) -> StockRecord:
    """Pieces of a line leave the house: reservation and stock fall together. Called by the warehouse in its
    transaction. Returns the stock record; ValueError when they were not reserved or are not there."""
    with transaction.atomic():
        reservation = Reservation.objects.select_related("stockrecord").get(order_line_id=order_line_id)
        _shrink(reservation, quantity, closed_as="consumed", by=by, why=why)
        rows = StockRecord.objects.filter(
            pk=reservation.stockrecord_id, num_allocated__gte=quantity, num_in_stock__gte=quantity
        ).update(num_allocated=F("num_allocated") - quantity, num_in_stock=F("num_in_stock") - quantity)
        if not rows:
            raise ValueError(
                f"{reservation.stockrecord.partner_sku}: {quantity} pieces are not there to ship"
            )
        return reservation.stockrecord


def _shrink(reservation: Reservation, quantity: int, *, closed_as: str, by: Any, why: str) -> None:
    rows = Reservation.objects.filter(pk=reservation.pk, state="open", quantity_left__gte=quantity).update(
        quantity_left=F("quantity_left") - quantity
    )
    if quantity < 1 or not rows:
        raise ValueError(f"line {reservation.order_line_id}: {quantity} pieces are not reserved")
    reservation.refresh_from_db(fields=["quantity_left", "state"])
    if reservation.quantity_left == 0:
        move(reservation, to=closed_as, by=by, why=why)


def change_stock(*, stockrecord_id: int, change: int) -> None:
    """Goods came (+) or went (-) other than by an order: receipt, count, loss. Called by the warehouse together with
    its movement. Raises InsufficientStock when reserved pieces would vanish."""
    enough = Q(backorderable=True) | Q(num_in_stock__gte=F("num_allocated") - change)
    rows = StockRecord.objects.filter(enough, pk=stockrecord_id, num_in_stock__gte=-change).update(
        num_in_stock=F("num_in_stock") + change
    )
    if not rows:
        record = StockRecord.objects.get(pk=stockrecord_id)
        raise InsufficientStock(record.partner_sku, -change, record.available)


def set_apart(*, stockrecord_id: int, quantity: int) -> None:
    """Pieces leave the sale for quarantine (+) or come back from it (-); they stay in the house.

    Called by the warehouse together with its movements. Raises InsufficientStock when pieces promised to customers
    would leave the sale, or more would come back than lies in quarantine.
    """
    enough = Q(backorderable=True) | Q(num_in_stock__gte=F("num_allocated") + quantity)
    rows = StockRecord.objects.filter(
        enough, pk=stockrecord_id, num_in_stock__gte=quantity, num_quarantine__gte=-quantity
    ).update(num_in_stock=F("num_in_stock") - quantity, num_quarantine=F("num_quarantine") + quantity)
    if not rows:
        record = StockRecord.objects.get(pk=stockrecord_id)
        left = record.available if quantity > 0 else record.num_quarantine
        raise InsufficientStock(record.partner_sku, abs(quantity), left)


def reserve_again(*, order_id: int, by: Any = None, why: str) -> None:
    """Take back into reservation what an expired or cancelled order had; all lines or none.

    Raises InsufficientStock when pieces were sold meanwhile; the caller's transaction must then be rolled back.
    """
    closed = list(
        Reservation.objects.filter(
            order_id=order_id, state__in=("released", "expired"), quantity__gt=0
        ).select_related("stockrecord")
    )
    with transaction.atomic():
        wanted: dict[int, int] = {}
        for reservation in closed:
            wanted[reservation.stockrecord_id] = (
                wanted.get(reservation.stockrecord_id, 0) + reservation.quantity
            )
            move(reservation, to="open", by=by, why=why, quantity_left=reservation.quantity, expires_at=None)
        if wanted:
            _take_wanted(wanted)


def extend(*, order_id: int, expires_at: dt.datetime | None) -> int:
    """The reservations of an order wait for another while. Returns how many."""
    return Reservation.objects.filter(order_id=order_id, state="open").update(expires_at=expires_at)

"""Verbs of the sender: begin a transfer, add and take off, dispatch, cancel. What arrives is in ``arrivals.py``.

Every verb holds the transfer's row until its transaction ends, so that two people at one transfer queue; the bins stand
on conditional updates as everywhere.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.picking.models import PickLine
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import AlreadyBooked, StockError, check_quantity
from fulfilment.warehouse.stock.models import (
    PICKABLE,
    TRANSFER,
    TRANSIT,
    TRANSIT_WORD,
    Bin,
    BinStock,
    Lot,
    LotStock,
    Site,
)
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.states import MoveNotAllowed, StaleState, move
from shop.kernel.transactions import retrying

from .models import ADDED, NOTE_MAX_CHARS, TAKEN_OFF, Transfer, TransferLine, TransferStep

FIRST_NUMBER = 10_000  #: T10001 is the first one
TRANSIT_SEQUENCE = 950_000  #: behind every bin that people walk to


class TransferError(StockError):
    """What the person with the goods must be told; nothing was changed. The text is for them."""


def transit_place(site: Site) -> Bin:
    """Where goods lie that are on their way to ``site``; made at its first use."""
    code = f"{TRANSIT_WORD}{site.code}".upper()
    defaults = {"kind": TRANSIT, "site": site, "sequence": TRANSIT_SEQUENCE}
    return Bin.objects.get_or_create(code=code, defaults=defaults)[0]


def begin(*, source: Site, target: Site, note: str = "", by: Any) -> Transfer:
    """A new, empty transfer. TransferError when it would lead nowhere: the same site, or one that is closed."""
    if source.pk == target.pk:
        raise TransferError(_("Goods are sent to another site; this is the same one."))
    for site in (source, target):
        if not site.is_active:
            raise TransferError(_("%(site)s is closed.") % {"site": site})
    number = f"T{FIRST_NUMBER + next_with_gaps('transfer')}"
    return Transfer.objects.create(
        number=number, source=source, target=target, note=note[:NOTE_MAX_CHARS], created_by=_person(by)
    )


def add(
    *,
    transfer: Transfer,
    bin: Bin,
    stockrecord: StockRecord,
    quantity: int,
    lot: Lot | None = None,
    by: Any,
    key: str = "",
) -> TransferLine:
    """Put pieces of a bin on the list; nothing moves yet. Pieces of the same bin add up.

    ``key``: of the form that was sent; AlreadyBooked when it comes a second time. TransferError for a bin of another
    site or one that is not for sale, for more than lies there free, and for a lot that is asked for and missing.
    """
    check_quantity(quantity)

    def put_on() -> TransferLine:
        fresh = held(transfer)
        _refuse_unless_draft(fresh)
        refuse_repeat(fresh, key)
        check_bin(fresh, bin)
        stock.check_lot(stockrecord_id=stockrecord.pk, lot=lot, quantity=quantity)
        there = fresh.lines.filter(bin=bin, stockrecord=stockrecord, lot=lot).first()
        wanted = quantity + (there.quantity if there else 0)
        _check_free(bin, stockrecord, lot, check_quantity(wanted))
        write_step(fresh, ADDED, stockrecord, bin, quantity, by=by, key=key)
        if there is None:
            return TransferLine.objects.create(
                transfer=fresh, stockrecord=stockrecord, bin=bin, lot=lot, quantity=quantity
            )
        TransferLine.objects.filter(pk=there.pk).update(quantity=F("quantity") + quantity)
        there.refresh_from_db()
        return there

    return retrying(put_on)


def take_off(*, line: TransferLine, by: Any) -> None:
    """Take a line off the list again. TransferError when the goods are on their way."""

    def off() -> None:
        fresh = held(line.transfer)
        _refuse_unless_draft(fresh)
        there = fresh.lines.filter(pk=line.pk).first()
        if there is not None:
            write_step(fresh, TAKEN_OFF, there.stockrecord, there.bin, there.quantity, by=by)
            TransferLine.objects.filter(pk=there.pk).delete()

    retrying(off)


def dispatch(*, transfer: Transfer, by: Any) -> int:
    """The goods leave: from their bins into the target's transit bin. Returns the pieces.

    What is for sale stays the same: they are in the house, only on their way. TransferError when there is nothing on
    the list, when a bin holds fewer than listed or pick lists want them, and when it was dispatched already.
    """

    def leave() -> int:
        fresh = held(transfer)
        move_on(fresh, "dispatched", by=by, dispatched_at=now())
        lines = list(fresh.lines.select_related("bin", "stockrecord", "lot").order_by("stockrecord_id", "pk"))
        if not lines:
            raise TransferError(_("Nothing is on the list yet."))
        place = transit_place(fresh.target)
        for line in lines:
            _check_free(line.bin, line.stockrecord, line.lot, line.quantity)
            stock.shift(
                kind=TRANSFER,
                stockrecord_id=line.stockrecord_id,
                source_id=line.bin_id,
                target_id=place.pk,
                quantity=line.quantity,
                lot=line.lot,
                cause=fresh.cause,
                by=by,
            )
        return sum(line.quantity for line in lines)

    pieces = retrying(leave)
    transfer.refresh_from_db()
    return pieces


def cancel(*, transfer: Transfer, by: Any, why: str = "") -> None:
    """Give up a transfer that has not left. TransferError when the goods are on their way: then they are received,
    or sent back."""

    def give_up() -> None:
        fresh = held(transfer)
        _refuse_unless_draft(fresh)
        move_on(fresh, "cancelled", by=by, why=why, closed_at=now())

    retrying(give_up)
    transfer.refresh_from_db()


def held(transfer: Transfer) -> Transfer:
    """The transfer as it is now, held until the end of the transaction."""
    Transfer.objects.select_for_update(no_key=True).get(pk=transfer.pk)
    return Transfer.objects.select_related("source", "target").get(pk=transfer.pk)


def write_step(
    transfer: Transfer,
    kind: str,
    stockrecord: StockRecord,
    bin: Bin | None,
    quantity: int,
    *,
    by: Any,
    key: str = "",
    why: str = "",
    value_minor: int = 0,
) -> TransferStep:
    """Write down what was done, as part of a caller's transaction."""
    step = TransferStep(
        transfer=transfer,
        kind=kind,
        stockrecord=stockrecord,
        bin=bin,
        quantity=quantity,
        value_minor=value_minor,
        key=key,
        why=why[:NOTE_MAX_CHARS],
        by=_person(by),
    )
    step.save(force_insert=True)
    return step


def refuse_repeat(transfer: Transfer, key: str) -> None:
    """AlreadyBooked when the form of this key was sent before."""
    if key and transfer.steps.filter(key=key).exists():
        raise AlreadyBooked(_("This was booked already; nothing was booked twice."))


def free_in_bin(bin: Bin, stockrecord: StockRecord, lot: Lot | None = None) -> int:
    """Pieces of a bin that no open pick list is going to fetch. Two queries."""
    if lot is None:
        rows: Any = BinStock.objects.filter(bin=bin, stockrecord=stockrecord)
    else:
        rows = LotStock.objects.filter(bin=bin, lot=lot)
    lying = rows.values_list("quantity", flat=True).first() or 0
    planned = PickLine.objects.filter(state="open", bin=bin, stockrecord=stockrecord)
    if lot is not None:
        planned = planned.filter(lot=lot)
    wanted = planned.aggregate(n=Sum(F("quantity") - F("quantity_picked")))["n"] or 0
    return max(0, lying - wanted)


def _check_free(bin: Bin, stockrecord: StockRecord, lot: Lot | None, quantity: int) -> None:
    free = free_in_bin(bin, stockrecord, lot)
    if quantity > free:
        raise TransferError(
            _(
                "Bin %(bin)s: only %(free)s pieces of %(sku)s can be sent, not %(wanted)s; more do not lie there free."
            )
            % {"bin": bin, "free": free, "sku": stockrecord.partner_sku, "wanted": quantity}
        )


def check_bin(transfer: Transfer, bin: Bin) -> None:
    """TransferError in words unless goods of this bin may leave with the transfer."""
    if bin.site_id != transfer.source_id:
        raise TransferError(
            _("Bin %(bin)s is not in %(site)s, from which this transfer leaves.")
            % {"bin": bin, "site": transfer.source}
        )
    if bin.kind not in PICKABLE:
        raise TransferError(
            _("Goods in bin %(bin)s (%(kind)s) are not sent to other sites.")
            % {"bin": bin, "kind": bin.get_kind_display()}
        )


def _refuse_unless_draft(transfer: Transfer) -> None:
    if transfer.state != "draft":
        raise TransferError(
            _("Transfer %(number)s is already %(state)s; its list is closed.")
            % {"number": transfer.number, "state": transfer.get_state_display()}
        )


def move_on(transfer: Transfer, to: str, *, by: Any, why: str = "", **also: Any) -> None:
    """The transfer's next state; TransferError in words when its table forbids it or somebody was faster."""
    try:
        move(transfer, to=to, by=by, why=why, **also)
    except (StaleState, MoveNotAllowed):
        raise TransferError(
            _("Transfer %(number)s is already %(state)s.")
            % {"number": transfer.number, "state": transfer.get_state_display()}
        ) from None


def _person(by: Any) -> Any:
    return by if getattr(by, "pk", None) else None

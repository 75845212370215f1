"""Verbs of the receiver: receive by scan, close with the reasons of what is missing, send the rest back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.actions import check_quantity
from fulfilment.warehouse.stock.models import PACKING, QUARANTINE, TRANSFER, TRANSIT, Bin, Lot
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .actions import TransferError, held, move_on, refuse_repeat, transit_place, write_step
from .events import TransferDifference
from .models import ARRIVED, MISSING, NOTE_MAX_CHARS, SURPLUS, WENT_BACK, Transfer, TransferLine, TransferStep

#: Kinds of bins nothing is received into: what lies there is on its way, or already an order's.
NOT_INTO = (TRANSIT, PACKING)


class MoreThanSent(TransferError):
    """More pieces were scanned than are still expected; the person says whether they really are there."""


def receive(
    *,
    transfer: Transfer,
    stockrecord: StockRecord,
    bin: Bin,
    quantity: int,
    lot: Lot | None = None,
    surplus_why: str = "",
    by: Any,
    key: str = "",
) -> int:
    """Pieces arrived and lie in ``bin`` now. As often as it takes. Returns what is still expected of this article.

    ``surplus_why``: says that pieces beyond what was sent really are there, and why; without it MoreThanSent. They
    become stock and finance is told. ``key``: of the form; AlreadyBooked when it comes a second time. TransferError for
    an article that was not sent, a bin of another site, a transfer that is not on its way; LotIsRecalled for a recalled
    lot, unless the bin may hold it.
    """
    check_quantity(quantity)

    def arrive() -> int:
        fresh = held(transfer)
        _refuse_unless_on_its_way(fresh)
        refuse_repeat(fresh, key)
        check_target(fresh, bin)
        lines = _lines_of(fresh, stockrecord, lot)
        for line in lines:
            stock.refuse_recalled(lot=line.lot, bin=bin)
        expected = sum(line.quantity_open for line in lines)
        if quantity > expected and not surplus_why.strip():
            raise MoreThanSent(_more_than_sent(stockrecord, expected, quantity))
        _unload(fresh, lines, bin, min(quantity, expected), by=by, key=key)
        if quantity > expected:
            # The form's key stands on what was sent where there is some, else here.
            spare = "" if expected else key
            _book_surplus(fresh, lines[-1], bin, quantity - expected, by=by, key=spare, why=surplus_why)
        return max(0, expected - quantity)

    return retrying(arrive)


def _unload(
    transfer: Transfer, lines: list[TransferLine], bin: Bin, quantity: int, *, by: Any, key: str
) -> None:
    """Out of transit into the bin, line by line; the form's key goes with the first step."""
    left, place = quantity, transit_place(transfer.target)
    for line in lines:
        part = min(left, line.quantity_open)
        if not part:
            continue
        TransferLine.objects.filter(pk=line.pk).update(quantity_received=F("quantity_received") + part)
        _carry(line, place, bin, part, cause=transfer.cause, by=by, fills=True)
        write_step(transfer, ARRIVED, line.stockrecord, bin, part, by=by, key=key)
        left, key = left - part, ""


def _carry(
    line: TransferLine,
    place: Bin,
    bin: Bin,
    quantity: int,
    *,
    cause: str,
    by: Any,
    why: str = "",
    fills: bool = False,
) -> None:
    """Out of transit into the bin. Of a recalled lot those that customers were promised wait where nobody picks."""
    if line.lot is not None and line.lot.is_recalled:
        target = bin if bin.holds_recalled else stock.place_of_kind(QUARANTINE, bin.site)
        stock.carry_off(
            lot=line.lot, source=place, target=target, quantity=quantity, cause=cause, why=why, by=by
        )
        return
    stock.shift(
        kind=TRANSFER,
        stockrecord_id=line.stockrecord_id,
        source_id=place.pk,
        target_id=bin.pk,
        quantity=quantity,
        lot=line.lot,
        cause=cause,
        why=why,
        by=by,
        fills=fills,
    )


def _book_surplus(
    transfer: Transfer, line: TransferLine, bin: Bin, quantity: int, *, by: Any, key: str, why: str
) -> None:
    TransferLine.objects.filter(pk=line.pk).update(
        quantity_surplus=F("quantity_surplus") + quantity, difference_why=why[:NOTE_MAX_CHARS]
    )
    stock.correct(
        stockrecord=line.stockrecord,
        bin=bin,
        difference=quantity,
        lot=line.lot,
        cause=transfer.cause,
        why=why,
        by=by,
    )
    _tell(transfer, line, SURPLUS, bin, quantity, by=by, why=why, key=key)


def close(*, transfer: Transfer, reasons: Mapping[int, str], by: Any) -> int:
    """Everything that came was scanned: what is still expected is missing. Returns the missing pieces.

    ``reasons``: line id -> why its pieces are missing; each line with missing pieces needs one. They are taken out of
    stock, as a movement, and finance is told. TransferError without a reason, StockError when they are promised to
    customers: then nothing is changed, and the order must be shortened or the pieces be found.
    """

    def finish() -> int:
        fresh = held(transfer)
        _refuse_unless_on_its_way(fresh)
        missing = [line for line in _all_lines(fresh) if line.quantity_open]
        place = transit_place(fresh.target)
        for line in missing:
            _give_up(fresh, line, place, reasons.get(line.pk, "").strip(), by)
        move_on(fresh, "received", by=by, closed_at=now())
        return sum(line.quantity_open for line in missing)

    pieces = retrying(finish)
    transfer.refresh_from_db()
    return pieces


def _give_up(transfer: Transfer, line: TransferLine, place: Bin, why: str, by: Any) -> None:
    if not why:
        raise TransferError(
            _("%(sku)s: please say why %(n)s are missing.")
            % {"sku": line.stockrecord.partner_sku, "n": line.quantity_open}
        )
    quantity = line.quantity_open
    TransferLine.objects.filter(pk=line.pk).update(
        quantity_missing=F("quantity_missing") + quantity, difference_why=why[:NOTE_MAX_CHARS]
    )
    stock.correct(
        stockrecord=line.stockrecord,
        bin=place,
        difference=-quantity,
        lot=line.lot,
        cause=transfer.cause,
        why=why,
        by=by,
    )
    _tell(transfer, line, MISSING, place, quantity, by=by, why=why)


def _tell(
    transfer: Transfer,
    line: TransferLine,
    kind: str,
    bin: Bin,
    quantity: int,
    *,
    by: Any,
    why: str,
    key: str = "",
) -> TransferStep:
    """The difference as a step of the transfer, and to finance at the cost of a piece."""
    signed = quantity if kind == SURPLUS else -quantity
    value = signed * line.stockrecord.unit_cost_minor
    step = write_step(
        transfer, kind, line.stockrecord, bin, quantity, by=by, key=key, why=why, value_minor=value
    )
    record(
        TransferDifference(
            transfer_id=transfer.pk,
            number=transfer.number,
            step_id=step.pk,
            stockrecord_id=line.stockrecord_id,
            sku=line.stockrecord.partner_sku,
            quantity=signed,
            value_minor=value,
            currency=line.stockrecord.price_currency,
            why=why,
        )
    )
    return step


def send_back(*, transfer: Transfer, by: Any, why: str) -> int:
    """What has not arrived goes back to the bins it came from (of a recalled lot: to quarantine). Returns the pieces.

    Without anything received the transfer is cancelled, else it is closed with what arrived. TransferError without a
    reason, and when nothing is on its way.
    """
    if not why.strip():
        raise TransferError(_("Please say why the goods go back."))

    def back() -> int:
        fresh = held(transfer)
        _refuse_unless_on_its_way(fresh)
        lines = [line for line in _all_lines(fresh) if line.quantity_open]
        if not lines:
            raise TransferError(_("Everything has arrived; there is nothing to send back."))
        place = transit_place(fresh.target)
        for line in lines:
            _refuse_closed(line.bin)
            _carry(line, place, line.bin, line.quantity_open, cause=fresh.cause, why=why, by=by)
            TransferLine.objects.filter(pk=line.pk).update(
                quantity_back=F("quantity_back") + line.quantity_open
            )
            write_step(fresh, WENT_BACK, line.stockrecord, line.bin, line.quantity_open, by=by, why=why)
        arrived = fresh.steps.filter(kind__in=(ARRIVED, SURPLUS)).exists()
        move_on(fresh, "received" if arrived else "cancelled", by=by, why=why, closed_at=now())
        return sum(line.quantity_open for line in lines)

    pieces = retrying(back)
    transfer.refresh_from_db()
    return pieces


def _all_lines(transfer: Transfer) -> list[TransferLine]:
    lines = transfer.lines.select_related("stockrecord", "bin", "lot")
    return list(lines.order_by("stockrecord_id", "pk"))


def _lines_of(transfer: Transfer, stockrecord: StockRecord, lot: Lot | None) -> list[TransferLine]:
    """Lines of this article, and of the lot where one is named; TransferError when none was sent."""
    lines = [line for line in _all_lines(transfer) if line.stockrecord_id == stockrecord.pk]
    if not lines:
        raise TransferError(
            _("%(sku)s was not sent with transfer %(number)s. Receive it as goods, or ask the sender.")
            % {"sku": stockrecord.partner_sku, "number": transfer.number}
        )
    if lot is None and len({line.lot_id for line in lines}) > 1:
        stock.check_lot(stockrecord_id=stockrecord.pk, lot=None, quantity=1)  # says which lot it asks for
    fitting = [line for line in lines if lot is None or line.lot_id == lot.pk]
    if not fitting:
        raise TransferError(_("Lot %(lot)s was not sent with this transfer.") % {"lot": lot})
    return fitting


def check_target(transfer: Transfer, bin: Bin) -> None:
    """TransferError in words unless the transfer may be received into this bin."""
    if bin.site_id != transfer.target_id:
        raise TransferError(
            _("Bin %(bin)s is not in %(site)s, where this transfer arrives.")
            % {"bin": bin, "site": transfer.target}
        )
    _refuse_closed(bin)
    if bin.kind in NOT_INTO:
        raise TransferError(
            _("Nothing is received into bin %(bin)s (%(kind)s).")
            % {"bin": bin, "kind": bin.get_kind_display()}
        )


def _refuse_closed(bin: Bin) -> None:
    if Bin.objects.filter(pk=bin.pk, is_active=False).exists():
        raise TransferError(_("Bin %(bin)s is closed; nothing can be put there.") % {"bin": bin})


def _refuse_unless_on_its_way(transfer: Transfer) -> None:
    if transfer.state == "draft":
        raise TransferError(_("Transfer %(number)s has not left yet.") % {"number": transfer.number})
    if transfer.state != "dispatched":
        raise TransferError(_("Transfer %(number)s is closed.") % {"number": transfer.number})


def _more_than_sent(stockrecord: StockRecord, expected: int, quantity: int) -> str:
    if not expected:
        return _("All pieces of %(sku)s have arrived already. If there really are more, say why.") % {
            "sku": stockrecord.partner_sku
        }
    text = ngettext(
        "Only %(n)s more piece of %(sku)s was sent, not %(quantity)s. If there really are more, say why.",
        "Only %(n)s more pieces of %(sku)s were sent, not %(quantity)s. If there really are more, say why.",
        expected,
    )
    return text % {"n": expected, "sku": stockrecord.partner_sku, "quantity": quantity}

"""Verbs: receive a declaration, assign its order, acknowledge, close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from checkout.order.models import Line, Order
from shop.kernel.clock import now
from shop.kernel.numbers import next_with_gaps
from shop.kernel.outbox import record
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from . import goods, holds
from .events import WithdrawalReceived
from .matching import order_for
from .models import Withdrawal
from .states import OPEN_STATES

PREFIX = "W"
FIRST = 10_000


class ForeignLines(ValueError):
    """Lines were chosen that are not part of the order, or more pieces than were ordered."""


def receive(
    *,
    key: str,
    name: str,
    contract: str,
    email: str,
    language: str,
    order: Order | None = None,
    named: Order | None = None,
    quantities: Mapping[int, int] | None = None,
    by: Any = None,
) -> Withdrawal:
    """Take a declaration of withdrawal (§ 356a BGB). Always accepted, whether or not it names an order of ours.

    ``key`` names the form that was sent: the same key gives the same declaration. ``contract`` is kept as typed.
    ``order``: the one that was shown and chosen from; ``named``: the one the text names. Pass only orders that the
    visitor may see; without any, number and e-mail address are compared.
    ``quantities``: pieces by order line id of that order; none means the whole.
    Returns the withdrawal. Raises ForeignLines for lines or pieces that the order does not have.
    """
    known = Withdrawal.objects.filter(key=key).first()
    if known is not None:
        return known
    lines = chosen_lines(order, quantities or {})
    number = f"{PREFIX}{FIRST + next_with_gaps('withdrawal')}"
    declared = {"name": name, "contract": contract, "email": email, "language": language, "lines": lines}

    def write() -> Withdrawal:
        meant = order or named or order_for(contract=contract, email=email)
        return _write(key=key, number=number, declared=declared, order=meant, shown=order)

    try:
        return retrying(write)
    except IntegrityError:  # the second click of a double one was as fast as the first
        return Withdrawal.objects.get(key=key)


def _write(
    *, key: str, number: str, declared: dict[str, Any], order: Order | None, shown: Order | None
) -> Withdrawal:
    received_at = now().astimezone(dt.UTC).replace(microsecond=0)
    content = {
        **declared,
        "number": number,
        "received_at": received_at.isoformat(),
        "order_number": shown.number if shown else "",
    }
    with transaction.atomic():
        withdrawal = Withdrawal.objects.create(
            key=key,
            number=number,
            received_at=received_at,
            content=content,
            sha256=Withdrawal.digest(content),
            order=order,
            **declared,
        )
        holds.hold_open_invoices(withdrawal)
        record(
            WithdrawalReceived(
                withdrawal_id=withdrawal.pk,
                number=number,
                order_id=order.pk if order else None,
                email=withdrawal.email,
                language=withdrawal.language,
                received_at=content["received_at"],
            )
        )
    return withdrawal


def chosen_lines(order: Order | None, quantities: Mapping[int, int]) -> list[dict[str, Any]]:
    """The chosen lines with what they were called, in the order's sequence. ForeignLines when they do not fit."""
    wanted = {line_id: pieces for line_id, pieces in quantities.items() if pieces}
    if not wanted:
        return []
    lines = Line.objects.filter(order=order, pk__in=wanted).order_by("pk") if order else []
    found = [
        {
            "order_line_id": line.pk,
            "sku": line.partner_sku,
            "title": line.title,
            "quantity": wanted[line.pk],
            "ordered": line.quantity,
        }
        for line in lines
        if 0 < wanted[line.pk] <= line.quantity - line.quantity_cancelled
    ]
    if len(found) != len(wanted):
        raise ForeignLines("the chosen lines or pieces are not part of the order")
    return found


def note_receipt(*, withdrawal_id: int, mail_id: int, by: Any = None) -> None:
    """Notifications say which mail is the receipt."""
    Withdrawal.objects.filter(pk=withdrawal_id).update(receipt_mail_id=mail_id)


def assign_order(*, withdrawal: Withdrawal, order: Order, by: Any) -> None:
    """Staff say which order is meant. Dunning is held there, and goes on with the one that was meant before.

    Raises StaleState when the withdrawal was closed, or assigned by somebody else, in the meantime.
    """
    with transaction.atomic():
        at = now()
        rows = Withdrawal.objects.filter(
            pk=withdrawal.pk, order_id=withdrawal.order_id, state__in=OPEN_STATES
        )
        back_at = goods.first_back(withdrawal, order_id=order.pk)
        if rows.update(order=order, assigned_by=by, assigned_at=at, goods_back_at=back_at) != 1:
            raise StaleState(f"withdrawal {withdrawal.number} was changed by somebody else")
        holds.release(withdrawal)
        if withdrawal.order_id != order.pk:
            goods.call_off(withdrawal, by=by)
        withdrawal.order, withdrawal.assigned_by, withdrawal.assigned_at = order, by, at
        holds.hold_open_invoices(withdrawal)
        goods.announce(withdrawal, by=by)


def acknowledge(*, withdrawal: Withdrawal, by: Any, note: str = "") -> None:
    """Somebody is at it. Raises StateError when it was taken up or closed before."""
    move(withdrawal, to="acknowledged", by=by, why=note.strip())


def close(*, withdrawal: Withdrawal, by: Any, note: str) -> None:
    """All is done, ``note`` says what; dunning may go on. ValueError without a note, StateError when closed before."""
    if not note.strip():
        raise ValueError("closing a withdrawal needs a note on what was done")
    with transaction.atomic():
        move(withdrawal, to="closed", by=by, why=note.strip())
        holds.release(withdrawal)

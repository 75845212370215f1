"""Goods sent once more, free of charge: an order of its own for pieces of another one, reserved and confirmed at once.

What the law calls delivery of new goods (§ 439 (1) BGB) is no new contract and no sale: nothing is charged, nothing is
invoiced, and what the goods cost us is booked as warranty when they leave. Only an exchange for what is dearer asks for
the difference, and waits for it like any order that is paid before (docs/decisions/0079).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from catalogue.partner import actions as stock
from catalogue.partner.models import StockRecord
from checkout.order.events import OrderPlaced
from checkout.order.lines import new_line
from checkout.order.models import Line, Order
from checkout.order.numbers import new_order_number
from checkout.payment.models import NOTHING, Payment
from shop.kernel.clock import now
from shop.kernel.money import to_decimal
from shop.kernel.outbox import current_correlation_id, record
from shop.kernel.transactions import retrying

from .life import confirm


class NotReplaceable(ValueError):
    """These pieces are not sent once more; the message says why, for people."""


@dataclass(frozen=True)
class Asked:
    """What is to be paid before goods go out for others that cost less: order line id -> gross minor units for all its
    pieces; by which method; how long the goods are kept for it."""

    more: Mapping[int, int]
    method: str
    lasts: dt.timedelta

    @property
    def total_minor(self) -> int:
        """All of it, gross minor units."""
        return sum(self.more.values())


def replaceable_pieces(order: Order) -> dict[int, int]:
    """Order line id -> pieces that were sent and have not been replaced yet. Two queries.

    A replacement that was cancelled counts for nothing. Goods of a replacement that are faulty again are replaced from
    the replacement's own order.
    """
    again = Line.objects.filter(replacement_for__order=order).exclude(order__status="cancelled")
    done = dict(
        again.order_by()
        .values_list("replacement_for")
        .annotate(n=Sum(F("quantity") - F("quantity_cancelled")))
    )
    return {
        pk: sent - done.get(pk, 0)
        for pk, sent in Line.objects.filter(order=order)
        .order_by("pk")
        .values_list("pk", "quantity_dispatched")
    }


def place_replacement(
    *,
    order: Order,
    pieces: Mapping[int, int],
    source: str,
    why: str,
    by: Any = None,
    instead: Mapping[int, int] | None = None,
    asked: Asked | None = None,
) -> Order:
    """Send pieces of ``order`` once more, without money: a new order, its stock reserved, confirmed in one transaction.

    ``pieces``: order line id -> pieces. ``source`` names the fact (at most 50 characters): a repeat returns the order
    that is there. ``instead``: order line id -> stock record id, where another article goes out than was sent.
    ``asked``: the difference, where that costs more; then the order waits for its payment, its stock reserved as long.
    Raises NotReplaceable in words, InsufficientStock when too few are left; then nothing was changed.
    """
    number = new_order_number()

    def work() -> Order:
        known = Order.objects.filter(placement_key=_key(source)).first()
        if known is not None:
            return known
        # Held: of two clerks who replace the same pieces, the second sees what the first one did.
        held = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        _refuse(held, pieces)
        made = _write(held, number, _key(source), asked)
        lines = _lines(made, held, pieces, instead or {}, asked)
        until = _ask(made, lines, asked)
        record(OrderPlaced(made.pk, made.number, made.payment_method, made.total_minor, made.currency))
        stock.reserve(
            [stock.Wish(line.stockrecord_id, line.pk, made.pk, line.quantity) for line in lines],
            expires_at=until,
        )
        if asked is None:
            confirm(order=made, by=by, why=why)
        return made

    return retrying(work)


def _key(source: str) -> str:
    return f"replacement:{source}"[:64]


def _refuse(order: Order, pieces: Mapping[int, int]) -> None:
    left = replaceable_pieces(order)
    if not pieces or any(count < 1 for count in pieces.values()):
        raise NotReplaceable(_("Please choose at least one piece."))
    if set(pieces) - set(left):
        raise NotReplaceable(_("Order %(number)s has no such line.") % {"number": order.number})
    if any(count > left[pk] for pk, count in pieces.items()):
        raise NotReplaceable(
            _("Fewer pieces were sent, or they were replaced before. Please look again; nothing was done.")
        )


def _ask(made: Order, lines: list[Line], asked: Asked | None) -> dt.datetime | None:
    """The open payment over the difference. Returns until when it and the goods are kept; None: nothing is asked."""
    if asked is None:
        return None
    until = now() + asked.lasts
    made.total_incl_tax = to_decimal(asked.total_minor, made.currency)
    made.total_excl_tax = sum((line.line_price_excl_tax for line in lines), Decimal(0))
    made.save(update_fields=["total_incl_tax", "total_excl_tax"])
    Payment.objects.create(
        order=made,
        method=asked.method,
        amount_minor=asked.total_minor,
        currency=made.currency,
        expires_at=until,
    )
    return until


def _write(order: Order, number: str, key: str, asked: Asked | None) -> Order:
    """The order's row: everything as on the first one, without money so far."""
    free = Decimal(0)
    return Order.objects.create(
        number=number,
        kind=Order.REPLACEMENT if asked is None else Order.EXCHANGE,
        replaces=order,
        placement_key=key,
        user_id=order.user_id,
        guest_email=order.guest_email,
        phone=order.phone,
        carrier_contact_agreed_at=order.carrier_contact_agreed_at,
        language=order.language,
        company=order.company,
        vat_id=order.vat_id,
        buyer_reference=order.buyer_reference,
        vat_check_id=order.vat_check_id,
        billing_address=_copy(order.billing_address),
        shipping_address=_copy(order.shipping_address),
        currency=order.currency,
        total_incl_tax=free,
        total_excl_tax=free,
        shipping_incl_tax=free,
        shipping_excl_tax=free,
        shipping_method=order.shipping_method,
        shipping_code=order.shipping_code,
        vat_country=order.vat_country,
        payment_method=NOTHING if asked is None else asked.method,
        correlation_id=current_correlation_id(),
        site_id=settings.SITE_ID,
        date_placed=now(),
    )


def _copy(address: Any) -> Any:
    """An address of its own: correcting one of the two leaves the other as it was."""
    if address is None:
        return None
    copy = type(address).objects.get(pk=address.pk)
    copy.pk = None
    copy._state.adding = True
    copy.save()
    return copy


def _lines(
    made: Order, order: Order, pieces: Mapping[int, int], instead: Mapping[int, int], asked: Asked | None
) -> list[Line]:
    old = Line.objects.filter(order=order).in_bulk(list(pieces))
    wanted = {pk: instead.get(pk, line.stockrecord_id) for pk, line in old.items()}
    records = StockRecord.objects.select_related("product__parent").in_bulk(
        [pk for pk in wanted.values() if pk]
    )
    rows = []
    for pk, line in sorted(old.items()):
        found = records.get(wanted[pk] or 0)
        if found is None:
            raise NotReplaceable(_("%(title)s is no longer in the range.") % {"title": line.title})
        if asked is None:
            rows.append(_line(made, line, found, pieces[pk], 0, 0))
        else:  # at its whole price, of which what was owed for the old pieces is taken off
            more = asked.more.get(pk, 0)
            rows.append(_line(made, line, found, pieces[pk], more, line.owed_for(pieces[pk]) + more))
    return Line.objects.bulk_create(rows)


def _line(
    made: Order, line: Line, found: StockRecord, quantity: int, gross_minor: int, before_minor: int
) -> Line:
    kept = {"title": line.title} if found.pk == line.stockrecord_id else {}
    return new_line(
        order=made,
        product=found.product,
        stockrecord=found,
        quantity=quantity,
        gross_minor=gross_minor,
        before_minor=before_minor,
        unit_minor=before_minor // quantity,
        vat_class=line.vat_class,
        vat_rate_bp=line.vat_rate_bp,
        vat_category=line.vat_category,
        replacement_for=line,
        withdrawal_exclusion=line.withdrawal_exclusion,  # what was said of the contract holds for what fulfils it
        **kept,
    )

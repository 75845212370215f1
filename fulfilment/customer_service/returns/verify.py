"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum

from checkout.payment.models import MONEY_CAME, Payment, Refund
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from shop.kernel import guards
from shop.kernel.clock import today

from . import triggers
from .models import Exchange, Settlement
from .states import CANCELLED, DONE, NOTHING, SENT, WAITING

GRACE = dt.timedelta(days=2)


def settlements_are_what_was_credited_and_sent_back() -> list[str]:
    """A settlement that was carried out says what its credit notes and refunds say."""
    found = []
    for row in Settlement.objects.filter(state=DONE).select_related("returning").order_by("pk").iterator(500):
        prefix = f"return:{row.returning.number}:"
        notes = Invoice.objects.filter(kind=CREDIT_NOTE, source__startswith=prefix)
        credited = notes.aggregate(sum=Sum("gross_minor"))["sum"] or 0
        refunds = (
            Refund.objects.filter(source__startswith=prefix).aggregate(sum=Sum("amount_minor"))["sum"] or 0
        )
        if (credited, refunds) != (row.credited_minor, row.refunded_minor):
            found.append(
                f"settlement of return {row.returning.number} says {row.credited_minor} credited and "
                f"{row.refunded_minor} sent back, its documents say {credited} and {refunds}"
            )
    return found


def exchanges_keep_their_word() -> list[str]:
    """New sizes wait while the old ones are not here and are not cancelled, and what was promised back was credited
    once they are, with no more sent back than that."""
    found = []
    rows = Exchange.objects.select_related("made", "order", "returning__settlement")
    for row in rows.order_by("pk").iterator(500):
        if row.state == WAITING and not row.made.on_hold and row.made.status != "cancelled":
            found.append(
                f"order {row.made.number} is not on hold, though what it is exchanged for is not here"
            )
        if row.state in (WAITING, SENT) and row.made.status == "cancelled":
            found.append(f"order {row.made.number} is cancelled, though its exchange is {row.state}")
        notes = Invoice.objects.filter(kind=CREDIT_NOTE, source__startswith=f"exchange:{row.pk}:")
        credited = notes.aggregate(sum=Sum("gross_minor"))["sum"] or 0
        promised = row.back_minor if row.state in (SENT, CANCELLED) else 0
        if credited > promised or (_is_settled(row) and credited != promised):
            found.append(
                f"exchange {row.pk} of {row.order.number} credited {credited}, promised were {promised}"
            )
        refunds = Refund.objects.filter(source__startswith=f"exchange:{row.pk}:")
        refunded = refunds.aggregate(sum=Sum("amount_minor"))["sum"] or 0
        if refunded > credited:
            found.append(
                f"exchange {row.pk} of {row.order.number} sends {refunded} back, credited {credited}"
            )
    return found


def new_sizes_go_for_old_ones_and_money() -> list[str]:
    """A dearer size goes out only when its difference was paid; where the old pieces never came, a person is asked."""
    found = []
    rows = Exchange.objects.filter(state=SENT).select_related("made", "order", "returning__settlement")
    for row in rows.order_by("pk").iterator(500):
        if row.made.total_minor and not Payment.objects.filter(order=row.made, state__in=MONEY_CAME).exists():
            found.append(f"order {row.made.number} may go, though its difference was not paid")
        if _is_forgotten(row):
            found.append(
                f"exchange {row.pk} of {row.order.number}: its old pieces never came, and nobody was asked"
            )
    return found


def _is_forgotten(row: Exchange) -> bool:
    """Whether its wait has been over for days (the nightly task had its chance) without a decision to be made."""
    returning = row.returning
    over = returning.expected_by is not None and returning.expected_by < today() - GRACE
    return over and returning.state in ("expired", "rejected") and not hasattr(returning, "settlement")


def _is_settled(row: Exchange) -> bool:
    """Whether it was finished by the house: the old pieces were accepted, and nothing else is due for them."""
    settlement = getattr(row.returning, "settlement", None)
    return (
        row.state == SENT
        and settlement is not None
        and settlement.state == NOTHING
        and not settlement.done_by_id
    )


def guards_are_in_place() -> list[str]:
    """The database refuses to change or delete what customers said about their money."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


CHECKS = [
    ("the triggers of wishes about refunds are in place", guards_are_in_place),
    ("new sizes go out for old ones and for money", new_sizes_go_for_old_ones_and_money),
    ("exchanges keep their word", exchanges_keep_their_word),
    (
        "settlements of returns are what was credited and sent back",
        settlements_are_what_was_credited_and_sent_back,
    ),
]

"""What a movement of the balance means in our books. Each is booked once, by its id.

A movement whose charge, refund or dispute we know confirms the entry that is there; its fee is booked, and what then
still differs becomes money without an order, in words. One that we do not know waits a while (our own call may be
answered after the provider tells of it) and then becomes money without an order as a whole.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post, reverse
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.finance.ledger.postings import Posting
from shop.kernel.clock import now
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from . import unmatched
from .days import booking_day
from .models import PAYOUT_KINDS, BalanceTransaction, Explanation

#: How long a movement that nobody knows waits for our own books: the outbox is tried for hours (kernel/attempts).
PATIENCE = dt.timedelta(minutes=15)
#: A refund that succeeded and came back is told of twice; until then its success may still be on the way to us.
HEARD_WITHIN = dt.timedelta(hours=12)
CHARGES, REFUNDS, REFUNDS_BACK = ("charge", "payment"), ("refund", "payment_refund"), ("refund_failure",)
FEES = ("stripe_fee", "stripe_fx_fee", "network_cost", "tax_fee", "application_fee")
BATCH = 500


@dataclass(frozen=True)
class Known:
    """What our books have for a movement: the entry, and whether we must wait for it."""

    entry: Entry | None = None
    wait: bool = False
    order_number: str = ""


def book_waiting() -> int:
    """Book what waits, oldest first; returns how many movements were. One that cannot be yet holds up no other."""
    waiting = BalanceTransaction.objects.filter(booking=BalanceTransaction.WAITING).order_by(
        "created_at", "pk"
    )
    booked, last = 0, Q()
    while rows := list(waiting.filter(last).values_list("created_at", "pk")[:BATCH]):
        booked += sum(book(pk) for _moment, pk in rows)
        moment, pk = rows[-1]
        last = Q(created_at__gt=moment) | Q(created_at=moment, pk__gt=pk)
    return booked


def book(movement_id: int) -> bool:
    """Book one movement, all or nothing; false when it was booked before or has to wait."""
    return retrying(lambda: _book(movement_id))


def _book(movement_id: int) -> bool:
    rows = BalanceTransaction.objects.select_for_update().filter(pk=movement_id)
    moved = rows.filter(booking=BalanceTransaction.WAITING).first()
    if moved is None:
        return False
    if moved.kind in PAYOUT_KINDS:
        moved.booking = BalanceTransaction.BOOKED
    elif moved.kind in FEES or moved.category == "fee":
        moved.fee_entry = _fee(moved, -moved.net_minor)
        moved.booking = BalanceTransaction.BOOKED
    else:
        known = counterpart(moved)
        if known.entry is None and (known.wait or moved.fetched_at > now() - PATIENCE):
            return False
        _confirm(moved, known)
    moved.save(update_fields=["booking", "entry", "fee_entry", "rest_entry", "order_number"])
    return True


def _confirm(moved: BalanceTransaction, known: Known) -> None:
    """Agree with the entry that is there; book the fee, and what differs as money without an order."""
    entry = known.entry
    if entry is not None and BalanceTransaction.objects.filter(entry=entry).exists():
        entry = None  # an entry explains one movement: what comes on top (a later fee) is one of its own
    effect, fee_booked = effect_of(entry, moved.currency) if entry else (0, 0)
    moved.entry, moved.order_number = entry, known.order_number
    if moved.fee_minor != fee_booked:
        moved.fee_entry = _fee(moved, moved.fee_minor - fee_booked)
    rest = moved.amount_minor - (effect + fee_booked)
    moved.booking = BalanceTransaction.BOOKED
    if rest:
        moved.rest_entry = _rest(moved, rest)
        moved.booking = BalanceTransaction.UNMATCHED


def effect_of(entry: Entry, currency: str) -> tuple[int, int]:
    """By how much an entry moves the clearing account, and what of that are costs of a dispute (minor units)."""
    sums = dict(
        EntryLine.objects.filter(entry=entry, currency=currency)
        .values("account__role")
        .annotate(moved=Sum(F("debit_minor") - F("credit_minor")))
        .values_list("account__role", "moved")
    )
    return int(sums.get("psp_clearing", 0)), int(sums.get("cost_of_disputes", 0))


def counterpart(moved: BalanceTransaction) -> Known:
    """The entry in our books that a movement confirms."""
    if moved.kind in CHARGES:
        return _charge(moved)
    if moved.kind in REFUNDS:
        return _refund(moved)
    if moved.kind in REFUNDS_BACK:
        return _refund_back(moved)
    if moved.category in ("dispute", "dispute_reversal") and moved.source_id:
        prefix = "dispute" if moved.category == "dispute" else "dispute-won"
        known = _by_source(f"{prefix}:{moved.source_id}")
        paid = Payment.objects.filter(intent_id=moved.intent_id) if moved.intent_id else None
        return known or Known(wait=bool(paid and paid.exists()))
    return Known()


def _charge(moved: BalanceTransaction) -> Known:
    if not moved.intent_id:
        return Known()
    money = OrderMoney.objects.filter(kind=OrderMoney.CARD, reference=moved.intent_id).first()
    known = _by_source(f"capture:{money.source}") if money else None
    known = known or _by_source(f"unmatched:stripe:{moved.intent_id}")
    return known or Known(wait=Payment.objects.filter(intent_id=moved.intent_id).exists())


def _refund(moved: BalanceTransaction) -> Known:
    money = OrderMoney.objects.filter(kind=OrderMoney.REFUND, reference=moved.source_id).first()
    if money is not None:
        return _by_source(money.source) or Known(wait=True)
    given = Explanation.objects.filter(psp_id=moved.source_id).first()
    if given is not None:
        return _by_source(given.source) or Known(wait=True)
    ours = _our_refund(moved)
    if ours is None:
        return Known()
    if ours.psp_id == moved.source_id and ours.state != "failed":
        return Known(wait=True)
    if ours.came_back_at and moved.fetched_at > now() - HEARD_WITHIN:
        return Known(wait=True)
    return Known(entry=_on_its_way(moved, ours), order_number=ours.payment.order.number)


def _refund_back(moved: BalanceTransaction) -> Known:
    money = OrderMoney.objects.filter(kind=OrderMoney.REFUND, reference=moved.source_id).first()
    source = money.source if money else f"on-its-way:{moved.source_id}"
    entry = Entry.objects.filter(source=source).first()
    number = money.account.order_number if money else ""
    if entry is None:
        return Known(wait=_our_refund(moved) is not None)
    if money is None:  # it never reached the customer, so no event tells of its way back
        back = reverse(entry=entry, why=entry.text, booked_on=booking_day(moved.created_at))
        return Known(entry=back, order_number=entry.document)
    back = Entry.objects.filter(reverses=entry).first()  # type: ignore[assignment]
    return Known(entry=back, wait=back is None, order_number=number)


def _on_its_way(moved: BalanceTransaction, refund: Refund) -> Entry:
    """A refund that failed before the customer had it: the money is on its way for a while, and comes back."""
    amount = -moved.amount_minor
    subject = rules.money.psp_subject(moved.source_id)
    return post(
        source=f"on-its-way:{moved.source_id}",
        kind="refund_succeeded",
        lines=[
            Posting("money_transit", debit_minor=amount, subject=subject, currency=moved.currency),
            Posting("psp_clearing", credit_minor=amount, subject=subject, currency=moved.currency),
        ],
        booked_on=booking_day(moved.created_at),
        text=f"{refund.payment.order.number} {moved.source_id} failed",
        document=refund.payment.order.number,
    )


def _our_refund(moved: BalanceTransaction) -> Refund | None:
    rows = Refund.objects.select_related("payment__order")
    by_id = rows.filter(psp_id=moved.source_id).first() if moved.source_id else None
    if by_id is not None or not moved.refund_number:
        return by_id
    return rows.filter(pk=moved.refund_number, payment__intent_id=moved.intent_id).first()


def _by_source(source: str) -> Known | None:
    entry = Entry.objects.filter(source=source[:120]).first()
    if entry is None:
        return None
    named = EntryLine.objects.filter(entry=entry, subject__startswith="order:").first()
    return Known(entry=entry, order_number=named.subject.removeprefix("order:") if named else "")


def _fee(moved: BalanceTransaction, amount_minor: int) -> Entry | None:
    """Book a fee (negative: given back); one of a dispute is a cost of disputes, under its order."""
    if not amount_minor:
        return None
    if moved.category in ("dispute", "dispute_reversal") and moved.order_number:
        lines = rules.payment_disputed(
            order_number=moved.order_number,
            amount_minor=0,
            fee_minor=abs(amount_minor),
            currency=moved.currency,
        )
        lines = lines if amount_minor > 0 else rules.swapped(lines)
    else:
        lines = rules.provider_fee(reference=moved.psp_id, amount_minor=amount_minor, currency=moved.currency)
    return post(
        source=f"psp-fee:{moved.psp_id}",
        kind="provider_fee",
        lines=lines,
        booked_on=booking_day(moved.created_at),
        text=f"{moved.order_number} {moved.description}".strip(),
        document=moved.order_number or moved.source_id or moved.psp_id,
    )


def _note(moved: BalanceTransaction, amount_minor: int) -> str:
    facts = {
        "what": moved.description or str(moved.label),
        "theirs": money_text(moved.amount_minor, moved.currency),
        "ours": money_text(moved.amount_minor - amount_minor, moved.currency),
        "source": moved.source_id or "–",
    }
    if moved.entry is not None:
        return _("%(what)s: the provider says %(theirs)s, our books say %(ours)s") % facts
    return _("%(what)s: nothing of ours belongs to %(source)s") % facts


def _rest(moved: BalanceTransaction, amount_minor: int) -> Entry:
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        note = _note(moved, amount_minor)
    return unmatched.make_visible(
        source=f"unmatched:psp:{moved.psp_id}",
        reference=moved.intent_id or moved.source_id or moved.psp_id,
        amount_minor=amount_minor,
        currency=moved.currency,
        note=note,
        moment=moved.created_at,
    )

"""Money at the provider that belongs to nothing we know: made visible, explained by people, taken back by reversal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment import stripe_client
from checkout.payment.stripe_client import ProviderRefused
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post, reverse
from fulfilment.finance.ledger.by_hand import accounts_to_choose
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.postings import Posting
from shop.kernel import clock
from shop.kernel.transactions import retrying

from .days import booking_day
from .models import Explanation, UnmatchedMoney

INTENT_PREFIX = "pi_"  #: only money of a payment can be given back through the provider


class CannotExplain(ValueError):
    """It cannot be explained so; the message says why, for people."""


def make_visible(
    *, source: str, reference: str, amount_minor: int, currency: str, note: str, moment: dt.datetime
) -> Entry:
    """Book money that nobody knows, and put it on the list; once per source. Negative: the provider took it."""
    lines = rules.money_unmatched(reference=reference, amount_minor=abs(amount_minor), currency=currency)
    entry = post(
        source=source[:120],
        kind="money_unmatched",
        lines=lines if amount_minor > 0 else rules.swapped(lines),
        booked_on=booking_day(moment),
        text=note,
        document=reference,
    )
    put_on_list(
        source=source,
        reference=reference,
        amount_minor=amount_minor,
        currency=currency,
        note=note,
        moment=moment,
    )
    return entry


def put_on_list(
    *, source: str, reference: str, amount_minor: int, currency: str, note: str, moment: dt.datetime
) -> UnmatchedMoney:
    """The row people see; once per source."""
    row, _made = UnmatchedMoney.objects.get_or_create(
        source=source[:120],
        defaults={
            "reference": reference[:80],
            "amount_minor": amount_minor,
            "currency": currency,
            "note": note[:300],
            "came_at": moment,
        },
    )
    return row


def explain(
    *,
    money: UnmatchedMoney,
    kind: str,
    why: str,
    by: Any,
    order: Order | None = None,
    account_number: str = "",
) -> Explanation:
    """Say whose money it is: of ``order``, booked to an account, or to be given back through the provider.

    Money given back is booked when the provider took the refund (``send_back``). Raises CannotExplain in words.
    """
    if not why.strip():
        raise CannotExplain(_("Please say why."))
    refuse_unsuitable(money, kind, order, account_number)

    def work() -> Explanation:
        made = Explanation.objects.create(
            money=money,
            kind=kind,
            order=order,
            account_number=account_number,
            why=why.strip()[:300],
            by=by if getattr(by, "pk", None) else None,
        )
        UnmatchedMoney.objects.filter(pk=money.pk).update(is_open=False)
        if kind != Explanation.GIVE_BACK:
            _book(made, by)
        return made

    try:
        made = retrying(work)
    except IntegrityError:
        raise CannotExplain(_("Somebody else has explained it meanwhile. Please look again.")) from None
    money.refresh_from_db()
    return made


def send_back(*, explanation_id: int) -> bool:
    """Ask the provider to send the money back, then book it. Safe to repeat: the key is the row's. Returns whether
    this call did it. Raises ProviderDown; a refusal opens the money again, with the provider's words."""
    row = Explanation.objects.select_related("money").get(pk=explanation_id)
    if row.kind != Explanation.GIVE_BACK or row.done_at or row.undone_at:
        return False
    money = row.money
    try:
        answer = stripe_client.create_refund(
            intent_id=money.reference, amount_minor=money.amount_minor, key=row.source, refund_id=0
        )
    except ProviderRefused as error:
        refusal = str(error)
        retrying(lambda: _take_back(row, refusal, None))
        return False
    Explanation.objects.filter(pk=row.pk).update(psp_id=answer.id)
    row.psp_id = answer.id
    return retrying(lambda: _book(row, row.by))


def undo(*, explanation: Explanation, why: str, by: Any) -> None:
    """Take an explanation back: the books are reversed, the money is open again. Undoing twice changes nothing.

    Raises CannotExplain for money that is given back, or is just being.
    """
    if not why.strip():
        raise CannotExplain(_("Please say why."))
    if explanation.kind == Explanation.GIVE_BACK:
        raise CannotExplain(_("The money was sent back to the customer; that cannot be undone."))
    retrying(lambda: _take_back(explanation, why.strip(), by))
    explanation.refresh_from_db()


def refuse_unsuitable(
    money: UnmatchedMoney, kind: str, order: Order | None = None, account_number: str = ""
) -> None:
    """Raises CannotExplain, in words, where this money cannot be explained so."""
    if kind == Explanation.ORDER:
        if order is None:
            raise CannotExplain(_("Please name the order."))
        if order.currency != money.currency:
            raise CannotExplain(_("The order is in another currency."))
    elif kind == Explanation.ACCOUNT:
        if not accounts_to_choose().filter(number=account_number).exists():
            raise CannotExplain(_("Please choose an account."))
    elif money.amount_minor <= 0 or not money.reference.startswith(INTENT_PREFIX):
        raise CannotExplain(_("Only money of a card payment can be given back through the provider."))


def _book(row: Explanation, by: Any) -> bool:
    """Post what an explanation says, and mark it done; false when it was."""
    if not Explanation.objects.filter(pk=row.pk, done_at__isnull=True).update(done_at=clock.now()):
        return False
    money = row.money
    post(
        source=row.source,
        kind="refund_succeeded" if row.kind == Explanation.GIVE_BACK else "receipt_explained",
        lines=_lines(row),
        text=row.why,
        document=row.order.number if row.order else money.reference,
        by=by,
    )
    if row.order is not None:
        account = accounts.locked(row.order)
        accounts.note_money(
            account=account,
            kind=OrderMoney.CARD if money.amount_minor > 0 else OrderMoney.REFUND,
            source=row.source,
            amount_minor=money.amount_minor,
            reference=money.reference,
        )
        accounts.settle(account=account, by=by)
        push_credit(user_id=row.order.user_id)
    return True


def _lines(row: Explanation) -> list[Posting]:
    money, amount = row.money, abs(row.money.amount_minor)
    target, subject = "psp_clearing", money.subject
    if row.kind == Explanation.ORDER and row.order is not None:
        target, subject = "receivable", f"order:{row.order.number}"
    elif row.kind == Explanation.ACCOUNT:
        target, subject = f"#{row.account_number}", ""
    lines = [
        Posting("unexplained", debit_minor=amount, subject=money.subject, currency=money.currency),
        Posting(target, credit_minor=amount, subject=subject, currency=money.currency),
    ]
    return lines if money.amount_minor > 0 else rules.swapped(lines)


def _take_back(row: Explanation, why: str, by: Any) -> None:
    rows = Explanation.objects.filter(pk=row.pk, undone_at__isnull=True)
    person = by if getattr(by, "pk", None) else None
    if not rows.update(undone_at=clock.now(), undone_by=person, undone_why=why[:300]):
        return
    UnmatchedMoney.objects.filter(pk=row.money_id).update(is_open=True)
    entry = Entry.objects.filter(source=row.source).first()
    if entry is not None:
        reverse(entry=entry, why=why, by=by)
    if row.order is not None:
        account = accounts.locked(row.order)
        accounts.undo_money(account=account, source=row.source, why=why, by=by)
        push_credit(user_id=row.order.user_id)

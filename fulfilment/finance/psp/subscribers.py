"""What the room hears: hints that the balance moved, money nobody knows, refunds that came back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from checkout.order.models import Order
from checkout.payment.events import BalanceChanged, MoneyUnmatched, RefundFailed
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import OrderMoney
from fulfilment.finance.ledger.actions import reverse
from fulfilment.finance.ledger.models import Entry
from shop.kernel.clock import now
from shop.kernel.outbox import subscribe

from . import unmatched


class NotYetBooked(Exception):
    """The refund that came back is not in the books yet: tried again until it is."""


@subscribe(BalanceChanged, "psp.nudge")
def nudge(happened: BalanceChanged) -> None:
    """Let a worker read the balance now; the sweep does it otherwise."""
    from .tasks import read

    payout = happened.reference if happened.kind.startswith("payout.") else ""
    transaction.on_commit(lambda: read.delay(payout), robust=True)


@subscribe(MoneyUnmatched, "psp.list_unmatched")
def list_unmatched(happened: MoneyUnmatched) -> None:
    """Put it on the list that people work on; the ledger books it."""
    if happened.amount_minor <= 0:
        return
    unmatched.put_on_list(
        source=f"unmatched:{happened.source}:{happened.reference}",
        reference=happened.reference,
        amount_minor=happened.amount_minor,
        currency=happened.currency,
        note=happened.note,
        moment=now(),
    )


@subscribe(RefundFailed, "finance.book_refund_failed")
def book_refund_failed(happened: RefundFailed) -> None:
    """The money is with us again: the refund is reversed, the customer's claim stands as before. Raises NotYetBooked
    as long as the refund itself is not in the books."""
    with transaction.atomic():
        order = Order.objects.get(pk=happened.order_id)
        account = accounts.locked(order)
        mine = f"refund:{happened.refund_id}"  # what staff type as reference may stand on several refunds
        money = (
            OrderMoney.objects.filter(kind=OrderMoney.REFUND, reference=happened.reference)
            .filter(Q(source=mine) | Q(source__startswith=f"{mine}:"))
            .first()
        )
        if money is None:
            raise NotYetBooked(f"refund {happened.refund_id} ({happened.reference})")
        why = f"refund came back: {happened.why}"
        reverse(entry=Entry.objects.get(source=money.source), why=why)
        accounts.undo_money(account=account, source=money.source, why=why)
        push_credit(user_id=order.user_id)

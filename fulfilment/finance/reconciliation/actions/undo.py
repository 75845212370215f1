"""Taking back by reversal: one assignment, all of a receipt, the receipt itself."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from checkout.order.models import Order
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.ledger.actions import reverse
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.reconciliation.events import AssignmentUndone
from fulfilment.finance.reconciliation.models import Assignment, LearnedRule, Receipt
from fulfilment.finance.reconciliation.payouts import undo_arrival
from fulfilment.finance.reconciliation.taking import person, take
from shop.kernel import clock, outbox
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .came_back import open_again, stands_again, tell_of, told_by_line


def undo(*, assignment: Assignment, why: str, by: Any = None) -> None:
    """Take an assignment back by reversal: the money is open again, invoices ask for theirs again, a transfer that was
    to go back is called off. What came and left for each other is taken back on both sides.

    An order that the money confirmed stays confirmed. Undoing twice changes nothing. ValueError without a reason, or
    when
    the transfer back has left.
    """
    if not why.strip():
        raise ValueError("undoing says why")

    def work() -> None:
        for one in _pair(assignment):
            _undo_one(one, why.strip(), by)

    retrying(work)
    assignment.refresh_from_db()


def _pair(assignment: Assignment) -> list[Assignment]:
    """The assignment with its other side, when money that came and money that left explain each other."""
    first = assignment.pair or assignment
    return [first, *Assignment.objects.filter(pair=first).order_by("pk")]


def _undo_one(assignment: Assignment, why: str, by: Any) -> None:
    order = Order.objects.filter(account=assignment.account_id).first() if assignment.account_id else None
    account = accounts.locked(order) if order else None
    rows = Assignment.objects.filter(pk=assignment.pk, undone_at__isnull=True).update(
        undone_at=clock.now(), undone_by=person(by), undone_why=why[:300]
    )
    if not rows:
        return
    if assignment.kind == Assignment.GIVE_BACK and assignment.payback:
        if assignment.payback.state == "sent":
            raise ValueError("the transfer back has left the bank: it cannot be called off any more")
        move(assignment.payback, to="cancelled", by=by, why=why)
    _undo_transfer(assignment, why, by)
    if assignment.kind == Assignment.PAYOUT:
        undo_arrival(money=assignment.money)
    for source in assignment.sources:
        entry = Entry.objects.filter(source=source).first()
        if entry is not None:
            reverse(entry=entry, why=why, by=by)
        if account is not None:
            accounts.undo_money(account=account, source=source, why=why, by=by)
    if assignment.rule_id:
        LearnedRule.objects.filter(pk=assignment.rule_id, fired__gt=0).update(fired=F("fired") - 1)
    take(assignment.money, -assignment.amount_minor, by)
    if order is not None:
        push_credit(user_id=order.user_id)
        outbox.record(AssignmentUndone(assignment.pk, order.pk))


def _not_sent_after_all(assignment: Assignment, why: str, by: Any) -> None:
    """What only this line had told as sent waits to be sent again; what people noted stays noted."""
    payback, money = assignment.payback, assignment.money
    if assignment.refund is not None and told_by_line(assignment):
        open_again(refund=assignment.refund, payback=None, why=why, by=by)
    if payback is not None and payback.state == "sent" and payback.reference == money.reference:
        move(payback, to="requested", by=by, why=why, reference="", sent_at=None)


def _undo_transfer(assignment: Assignment, why: str, by: Any) -> None:
    """What the line told of a transfer of ours is taken back; one that came back left, whatever is undone."""
    if assignment.came_back:
        raise ValueError("the transfer came back: that is to be undone first")
    if assignment.kind == Assignment.CAME_BACK:
        stands_again(assignment, by)
        tell_of(assignment, "came_back_undone")
    if assignment.kind == Assignment.REFUND:
        _not_sent_after_all(assignment, why, by)
        tell_of(assignment, "left_undone")


def reopen(*, receipt: Receipt, why: str, by: Any = None) -> int:
    """Undo all assignments of a receipt; returns how many there were."""

    def work() -> int:
        standing = list(receipt.assignments.filter(undone_at__isnull=True).order_by("account_id", "pk"))
        for assignment in standing:
            undo(assignment=assignment, why=why, by=by)
        return len(standing)

    count = retrying(work)
    receipt.refresh_from_db()
    return count


def withdraw(*, receipt: Receipt, why: str, by: Any = None) -> None:
    """The receipt was typed wrongly: what it explained is undone and the receipt itself reversed.

    Withdrawing twice changes nothing. ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("withdrawing says why")

    def work() -> None:
        receipt.refresh_from_db()
        if receipt.state == "withdrawn":
            return
        reopen(receipt=receipt, why=why, by=by)
        move(receipt, to="withdrawn", by=by, why=why.strip())
        reverse(entry=Entry.objects.get(source=f"receipt:{receipt.pk}"), why=why.strip(), by=by)

    retrying(work)

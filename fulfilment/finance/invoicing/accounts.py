"""The account of an order: money is noted once per fact and laid on the order's invoices, oldest first.

Only this file changes ``received``, ``allocated``, ``paid`` and ``open``. Every change begins with ``locked``, so two
writers of one order queue at its row.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Sum

from checkout.order.models import Order
from shop.kernel import clock
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import InTransaction, in_transaction

from .events import InvoicePaid, InvoiceReopened, MoneyLiesFree
from .models import INVOICE_KIND, OPEN_STATES, Allocation, Invoice, OrderAccount, OrderMoney

REFUND_FIRST = {
    OrderMoney.CREDIT: 0
}  #: what goes back is taken from credit notes before it is taken from payments


def locked(order: Order) -> OrderAccount:
    """The account of ``order``, made when missing and held until the end of the caller's transaction.

    Raises InTransaction outside of one.
    """
    if not in_transaction():
        raise InTransaction("the account of an order is held for the length of a transaction")
    mine = OrderAccount.objects.filter(order_id=order.pk)
    if not mine.update(version=F("version") + 1):
        OrderAccount.objects.bulk_create(
            [OrderAccount(order_id=order.pk, order_number=order.number, currency=order.currency)],
            ignore_conflicts=True,
        )
        mine.update(version=F("version") + 1)
    return mine.get()


def note_money(
    *,
    account: OrderAccount,
    kind: str,
    source: str,
    amount_minor: int,
    reference: str = "",
    booked_on: dt.date | None = None,
) -> tuple[OrderMoney, bool]:
    """Note money that came in (positive minor units) or went back (negative). Once per ``source``; the account is held.

    Returns the row and whether it is new. Laying it on invoices is ``settle``'s work.
    """
    known = OrderMoney.objects.filter(source=source).first()
    if known is not None:
        return known, False
    money = OrderMoney.objects.create(
        account=account,
        kind=kind,
        source=source,
        amount_minor=amount_minor,
        reference=reference[:120],
        booked_on=booked_on or clock.today(),
    )
    _shift(account, received=amount_minor)
    return money, True


def undo_money(*, account: OrderAccount, source: str, why: str, by: Any = None) -> None:
    """The fact behind a row was undone: it is taken off invoices and counts no more. Repeating does nothing."""
    money = OrderMoney.objects.filter(account=account, source=source, undone_at__isnull=True).first()
    if money is None:
        return
    for allocation in _active(account).filter(money=money):
        _take_back(account, allocation, why, by)
    OrderMoney.objects.filter(pk=money.pk).update(undone_at=clock.now(), returned_minor=0)
    _shift(account, received=-money.amount_minor)
    settle(account=account, by=by)


def settle(
    *, account: OrderAccount, first: Invoice | None = None, taken_from: str = "", by: Any = None
) -> None:
    """Bring money and invoices of a held account together, as often as you like.

    What went back is taken from money that lies free, then off invoices (those of the row named by the source
    ``taken_from`` first), and is the customer's money again when it came back after all; what then lies free is laid
    on open invoices: ``first``, then by due date.
    """
    rows = list(account.money.filter(undone_at__isnull=True).order_by("pk"))
    owed = -sum(row.amount_minor for row in rows if row.amount_minor < 0)
    owed -= sum(row.returned_minor for row in rows)
    if owed > 0:
        _give_back(account, rows, owed, taken_from, by)
    elif owed < 0:
        _came_back(rows, -owed)
    _lay(account, rows, first, by)
    if account.available_minor > 0 and _given_up(account).exists():
        record(MoneyLiesFree(account.order_id, account.order_number))


def allocate(
    *, account: OrderAccount, invoice: Invoice, money: OrderMoney, amount_minor: int, by: Any
) -> None:
    """Lay ``amount_minor`` of ``money`` on ``invoice``; both must have that much left."""
    Allocation.objects.create(invoice=invoice, money=money, amount_minor=amount_minor)
    OrderMoney.objects.filter(pk=money.pk).update(allocated_minor=F("allocated_minor") + amount_minor)
    money.allocated_minor += amount_minor
    _shift(account, allocated=amount_minor)
    pay(invoice, amount_minor, by, why=f"{money.kind} {money.reference or money.source}")


def free(*, account: OrderAccount, invoice: Invoice, why: str, by: Any) -> None:
    """Take everything off ``invoice``; the money then lies free on the account."""
    for allocation in _active(account).filter(invoice=invoice):
        _take_back(account, allocation, why, by)
    invoice.refresh_from_db()


def pay(invoice: Invoice, amount_minor: int, by: Any, why: str) -> None:
    """Change what is paid on an invoice (negative: taken back) and its state with it; tells when it became paid."""
    paid = invoice.paid_minor + amount_minor
    still_open = invoice.gross_minor - paid
    state = _ended(invoice) if still_open == 0 else "part_paid" if paid else "issued"
    if state == invoice.state:
        Invoice.objects.filter(pk=invoice.pk).update(paid_minor=paid, open_minor=still_open)
        invoice.paid_minor, invoice.open_minor = paid, still_open
        return
    was_paid = invoice.state in ("paid", "written_off")
    move(invoice, to=state, by=by, why=why, paid_minor=paid, open_minor=still_open)
    if was_paid and still_open:
        record(InvoiceReopened(invoice.pk, invoice.number, invoice.order_id))
    if state == "paid":
        record(InvoicePaid(invoice.pk, invoice.number, invoice.order_id))


def _ended(invoice: Invoice) -> str:
    """Nothing is open any more: paid, unless a part of it was given up."""
    return "written_off" if given_up_minor(invoice) else "paid"


def _give_back(account: OrderAccount, rows: list[OrderMoney], owed: int, taken_from: str, by: Any) -> None:
    order = sorted(rows, key=lambda row: (row.source != taken_from, REFUND_FIRST.get(row.kind, 1), -row.pk))
    owed = _take_free(order, owed)
    if not owed:
        return
    named = [row.pk for row in rows if row.source == taken_from]
    # What was given up is no money: nobody can have had it back.
    laid = sorted(
        _active(account).exclude(invoice__state="cancelled").exclude(money__kind=OrderMoney.WRITE_OFF),
        key=lambda one: (one.money_id not in named, -one.pk),
    )
    by_id = {row.pk: row for row in rows}
    for allocation in laid:
        _take_back(account, allocation, "money went back to the customer", by)
        by_id[allocation.money_id].allocated_minor -= allocation.amount_minor
        owed = _take_free([by_id[allocation.money_id]], owed)
        if not owed:
            return


def _came_back(rows: list[OrderMoney], amount_minor: int) -> None:
    """Less went back than was taken: a refund came back to us. The oldest payments have their money again first."""
    for row in sorted(rows, key=lambda row: (-REFUND_FIRST.get(row.kind, 1), row.pk)):
        amount = min(amount_minor, row.returned_minor)
        if amount > 0:
            OrderMoney.objects.filter(pk=row.pk).update(returned_minor=F("returned_minor") - amount)
            row.returned_minor -= amount
            amount_minor -= amount


def _take_free(rows: list[OrderMoney], owed: int) -> int:
    for row in rows:
        amount = 0 if row.kind == OrderMoney.WRITE_OFF else min(owed, row.available_minor)
        if amount > 0:
            OrderMoney.objects.filter(pk=row.pk).update(returned_minor=F("returned_minor") + amount)
            row.returned_minor += amount
            owed -= amount
    return owed


def _lay(account: OrderAccount, rows: list[OrderMoney], first: Invoice | None, by: Any) -> None:
    spare = [row for row in rows if row.available_minor > 0 and row.kind != OrderMoney.WRITE_OFF]
    if not spare or account.available_minor <= 0:
        return
    waiting = Invoice.objects.filter(
        account=account, kind=INVOICE_KIND, state__in=OPEN_STATES, open_minor__gt=0
    )
    invoices = sorted(waiting, key=lambda one: (first is None or one.pk != first.pk, one.due_on, one.pk))
    for invoice in invoices:
        for row in spare:
            amount = min(row.available_minor, invoice.open_minor, account.available_minor)
            if amount > 0:
                allocate(account=account, invoice=invoice, money=row, amount_minor=amount, by=by)
    if first is not None:
        first.refresh_from_db()


def given_up_minor(invoice: Invoice) -> int:
    """What is written off on an invoice and did not come after all, in minor units."""
    laid = Allocation.objects.filter(
        invoice_id=invoice.pk, reversed_at__isnull=True, money__kind=OrderMoney.WRITE_OFF
    )
    return int(laid.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _given_up(account: OrderAccount) -> Any:
    return account.money.filter(kind=OrderMoney.WRITE_OFF, undone_at__isnull=True)


def _active(account: OrderAccount) -> Any:
    return Allocation.objects.filter(money__account=account, reversed_at__isnull=True).select_related(
        "invoice"
    )


def _take_back(account: OrderAccount, allocation: Allocation, why: str, by: Any) -> None:
    rows = Allocation.objects.filter(pk=allocation.pk, reversed_at__isnull=True).update(
        reversed_at=clock.now(), reversed_why=why[:300]
    )
    if not rows:
        return
    amount = allocation.amount_minor
    OrderMoney.objects.filter(pk=allocation.money_id).update(allocated_minor=F("allocated_minor") - amount)
    _shift(account, allocated=-amount)
    invoice = Invoice.objects.get(pk=allocation.invoice_id)
    pay(invoice, -amount, by, why=why)


def _shift(account: OrderAccount, *, received: int = 0, allocated: int = 0) -> None:
    OrderAccount.objects.filter(pk=account.pk).update(
        received_minor=F("received_minor") + received, allocated_minor=F("allocated_minor") + allocated
    )
    account.received_minor += received
    account.allocated_minor += allocated

"""A prepaid order is cancelled: its money goes back by a file for the bank, and the statement settles it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from lxml import etree

from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.finance.bank import actions as bank
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.reconciliation.deciding import decide
from fulfilment.finance.reconciliation.matching.run import match_these
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from fulfilment.finance.reconciliation.queries import unexplained_minor
from fulfilment.finance.reconciliation.tasks import take_in_all
from fulfilment.finance.sepa.models import TransferBatch
from shop.dashboard.roles import sync_roles
from shop.kernel.clock import today
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.fulfilment.finance.bank.papers import THEIRS, Entry, camt, make_account, transaction
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def balance(role: str) -> int:
    """Debit less credit of the account with a role, in minor units."""
    lines = EntryLine.objects.filter(account__role=role)
    return sum(line.debit_minor - line.credit_minor for line in lines)


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches]


def statement(outbox: Any, number: str, *entries: Entry, opening: str, closing: str) -> None:
    """The bank's file comes, is read, and what is certain is booked."""
    data = camt(*entries, number=number, opening=opening, closing=closing, day=today().isoformat())
    file, _new = bank.take_file(content=data, name=f"{number}.xml")
    bank.read(file.pk)
    outbox.drain()
    take_in_all()
    outbox.drain()
    assert outbox.failures() == []


def test_from_the_cancelled_order_to_the_banks_line(outbox: Any) -> None:
    make_account(is_default=True)
    sync_roles()
    clerk = make_staff("clerk@example.org")
    clerk.groups.add(Group.objects.get(name="finance"))
    desk = Client()
    desk.force_login(clerk)
    order = place_order((shoe_in_stock(1), 1), method="prepayment", shipping_minor=490)
    other = place_order((shoe_in_stock(1, price_minor=5_000), 1), method="prepayment", shipping_minor=0)
    outbox.drain()
    day = today().isoformat()
    came = [
        Entry(
            "123.90", day=day, transactions=[transaction(text=order.number, name="Hanna Grün", iban=THEIRS)]
        ),
        Entry(
            "50.00", day=day, transactions=[transaction(text=other.number, name="Łukasz Żółw", iban=THEIRS)]
        ),
    ]
    statement(outbox, "1", *came, opening="0.00", closing="173.90")
    for receipt in Receipt.objects.select_related(
        "line"
    ):  # somebody else paid: the clerk confirms what is proposed
        [[first, *_]] = match_these([receipt]).values()
        decide(money=receipt, proposal=first, seen_left_minor=receipt.amount_minor, by=clerk)
    outbox.drain()
    assert {order.status for order in Order.objects.all()} == {"confirmed"}

    for one in Order.objects.all():
        cancel(order=one, by=None, why="changed her mind")
    outbox.drain()
    assert Refund.objects.to_transfer().count() == 2

    page = desk.get(reverse("finance:transfers"))
    targets = [row.target for row, _iban, _from in page.context["rows"] if not row.problem]
    shown = desk.post(reverse("finance:transfers-preview"), {"target": targets})
    form = shown.context["form"]
    sent = {name: form[name].value() for name in ("key", "seen", "schema")}
    sent |= {
        "account": form.fields["account"].queryset.get().pk,
        "execute_on": form.initial["execute_on"].isoformat(),
    }
    desk.post(
        reverse("finance:transfers-preview"), {**sent, "target": targets, "in_one_sum": "on", "step": "make"}
    )
    batch = TransferBatch.objects.get()
    content = desk.get(reverse("finance:transfer-download", args=[batch.pk])).content
    assert content == desk.get(reverse("finance:transfer-download", args=[batch.pk])).content
    names = [one.text for one in etree.fromstring(content).iter("{*}Nm")]
    assert {"Hanna Gruen", "Lukasz Zolw"} <= set(names)
    desk.post(reverse("finance:transfer-hand-over", args=[batch.pk]))
    outbox.drain()
    assert outbox.failures() == []
    assert (balance("money_transit"), balance("receivable")) == (-17_390, 0)

    mails = OutgoingMail.objects.filter(kind__contains="refund").count()
    assert mails == 2
    inside = f"<Btch><PmtInfId>{batch.message_id}</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>"
    left = Entry("173.90", sign="DBIT", day=day, more=f"<NtryDtls>{inside}</NtryDtls>")
    statement(outbox, "2", left, opening="173.90", closing="0.00")
    batch.refresh_from_db()
    assert batch.state == "booked"
    assert Assignment.objects.filter(kind=Assignment.REFUND, by_itself=True).count() == 2
    assert (unexplained_minor(), balance("money_transit"), balance("receivable"), balance("bank")) == (
        0,
        0,
        0,
        0,
    )
    assert breaches() == []

    first = Refund.objects.get(payment__order=order)
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    back = transaction("123.90", text="Konto erloschen", e2e=f"REFUND-{first.pk:06d}", more=reason)
    statement(outbox, "3", Entry("123.90", day=day, transactions=[back]), opening="0.00", closing="123.90")
    again = Refund.objects.to_transfer().get()
    assert (again.pk, again.by_transfer) == (first.pk, True)
    assert (unexplained_minor(), balance("money_transit"), balance("receivable")) == (0, 0, -12_390)
    page = desk.get(reverse("finance:transfers"))
    assert [("AC04" in row.problem) for row, _iban, _from in page.context["rows"]] == [True]
    assert breaches() == []

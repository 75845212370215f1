"""Money on the bank account: what customers send, what the bank and the provider do, and what clerks say it is for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.finance.bank import actions as bank
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation import actions
from fulfilment.finance.reconciliation.deciding import Changed, decide
from fulfilment.finance.reconciliation.matching.run import match_these
from fulfilment.finance.reconciliation.models import (
    UNEXPLAINED,
    Assignment,
    Disbursement,
    Intake,
    PayBack,
    Receipt,
)
from fulfilment.finance.reconciliation.tasks import take_in_one
from fulfilment.finance.reconciliation.transfers import note_payback_sent, note_refund_sent
from shop.kernel.clock import today
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account, transaction


@dataclass
class Line:
    """Money that moved and stands on no statement yet."""

    amount: int
    text: str
    name: str
    iban: str
    ref: str
    e2e: str
    typed: bool


class Bank:
    """Statements come now and then; each line is money once."""

    def begin_bank(self: Any) -> None:
        """Our account."""
        make_account(is_default=True)
        self.waiting: list[Line] = []
        self.bank_balance = self.statements = 0
        self.last_statement = today() - dt.timedelta(days=1)

    def line(
        self: Any,
        amount: int,
        text: str,
        *,
        name: str = "",
        iban: str = "",
        e2e: str = "",
        typed: bool = False,
    ) -> Line:
        """Money moves; the next statement tells."""
        made = Line(amount, text, name, iban, f"REF{self.next():08d}", e2e, typed)
        self.waiting.append(made)
        return made

    def statement(self: Any) -> bool:
        """The bank's file of the day comes; what is certain books itself. It may come twice."""
        if not self.waiting:
            return False
        if today() <= self.last_statement:  # equal lines are told apart by their day: one file a day
            self.clock.advance(days=1)
        self.last_statement = today()
        self.statements += 1
        before, lines, self.waiting = self.bank_balance, self.waiting, []
        self.bank_balance += sum(line.amount for line in lines)
        content = camt(
            *[_entry(line, today().isoformat()) for line in lines],
            opening=_euros(before),
            closing=_euros(self.bank_balance),
            day=today().isoformat(),
            number=str(self.statements),
        )
        for _ in range(self.pick((1, 1, 2))):
            file, _new = bank.take_file(name=f"{self.statements}.xml", content=content, by=self.clerk)
            bank.read(file.pk)
            file.refresh_from_db()
            assert file.state == "imported", file.reason
            self.outbox.drain()
        for line in lines:
            if not line.typed:
                self.auditor.put("bank", "unexplained", line.amount)
        for intake in Intake.objects.filter(matched_at=None).order_by("pk"):
            take_in_one(intake.pk)
        for line in lines:
            self._link(line)
        return True

    def _link(self: Any, line: Line) -> None:
        """What was typed too many days ago, a clerk finds: the double goes."""
        known = Receipt.objects.filter(reference=line.ref, line=None).exclude(state="withdrawn").first()
        if known is not None:
            double = Receipt.objects.get(line__bank_reference=line.ref)
            actions.reopen(receipt=double, why="typed before", by=self.clerk)
            actions.link(money=double, known=known, by=self.clerk)

    def customer_pays(self: Any) -> bool:
        """Exactly, too little, too much, a few cents short, twice, with or without a usable text."""
        owed = list(Invoice.objects.open().order_by("pk"))
        orders = Order.objects.filter(payment_method="prepayment").exclude(status__in=("completed",))
        chosen = self.pick([*owed, *orders.order_by("pk")])
        if chosen is None:
            return False
        amount = chosen.open_minor if isinstance(chosen, Invoice) else chosen.total_minor
        amount += self.pick((0, 0, 0, 0, -1, -3, -5, 500, 1, -amount // 2, -200))
        text = self.pick((f"Rechnung {chosen.number}", chosen.number, chosen.number[:-1], "Danke", ""))
        times = 2 if self.chance(8) else 1
        for _ in range(times if amount > 0 else 0):
            self.line(amount, text, name="Erika Beispiel", iban=self._iban_of(chosen.user_id))
        return amount > 0

    def one_transfer_for_several(self: Any) -> bool:
        """Two invoices by one transfer."""
        owed = list(Invoice.objects.open().exclude(user=None).order_by("pk"))
        first = self.pick(owed)
        others = [row for row in owed if first and row.user_id == first.user_id and row.pk != first.pk]
        if not others:
            return False
        second = self.pick(others)
        text = f"{first.number} und {second.number}"
        self.line(first.open_minor + second.open_minor, text, name="Erika", iban=self._iban_of(first.user_id))
        return True

    def stranger_pays(self: Any) -> bool:
        """Money nobody can place."""
        self.line(
            self.dice.randint(1, 20_000), self.pick(("", "Kaffeekasse", "R2026-999999")), name="Unbekannt"
        )
        return True

    def bank_takes_fees(self: Any) -> bool:
        """The bank charges for the account."""
        self.line(-self.dice.randint(5, 900), "Entgelt Kontoführung")
        return True

    def debit_returned(self: Any) -> bool:
        """A payer's bank takes the money back, with or without a charge of its own."""
        receipt = self.pick(Receipt.objects.exclude(state="withdrawn").exclude(line=None).order_by("pk"))
        if receipt is None:
            return False
        charge = self.pick((0, 0, 300))
        name, iban = receipt.payer, receipt.payer_iban
        self.line(-receipt.amount_minor - charge, f"Retoure {receipt.text}", name=name, iban=iban)
        return True

    def typed_by_hand(self: Any) -> bool:
        """A clerk types a receipt before the file tells it: the same money all the same."""
        invoice = self.pick(Invoice.objects.open().order_by("pk"))
        if invoice is None:
            return False
        made = self.line(invoice.open_minor, invoice.number, name="Erika Beispiel", typed=True)
        actions.record(
            booked_on=today(), amount_minor=made.amount, reference=made.ref, payer=made.name, text=made.text,
            by=self.clerk,
        )  # fmt: skip
        self.auditor.put("bank", "unexplained", made.amount)
        return True

    def _open_money(self: Any) -> Any:
        return self.pick(
            [
                *Receipt.objects.filter(state__in=UNEXPLAINED).order_by("pk"),
                *Disbursement.objects.filter(state__in=UNEXPLAINED).order_by("pk"),
            ]
        )

    def decide(self: Any) -> bool:
        """A clerk takes one of the proposals."""
        money = self._open_money()
        found = (
            match_these([money]).get(f"{'disbursement' if money.is_out else 'receipt'}:{money.pk}")
            if money
            else []
        )
        proposal = self.pick([row for row in found or [] if row.kind != "same"])
        if proposal is None:
            return False
        try:
            decide(
                money=money,
                proposal=proposal,
                seen_left_minor=money.left_minor,
                charge_to_customer=self.chance(50),
                by=self.clerk,
            )
        except Changed as error:
            raise ValueError(str(error)) from error
        return True

    def assign(self: Any) -> bool:
        """A clerk says which order it is for, knowing better: a part, a difference, charges of banks on the way."""
        receipt = self.pick(Receipt.objects.filter(state__in=UNEXPLAINED).order_by("pk"))
        invoice = self.pick(Invoice.objects.claims().order_by("pk"))
        if receipt is None or invoice is None:
            return False
        left = receipt.left_minor
        beside: dict[str, int] = {}
        missing = invoice.open_minor - left
        if self.chance(50) and 0 < missing <= 2_000:
            beside = self.pick(({"charges_minor": missing}, {"exchange_minor": missing}))
        elif self.chance(10) and invoice.open_minor > 10:
            beside = {"exchange_minor": -self.dice.randint(1, 9)}
        actions.assign(
            receipt=receipt,
            order=invoice.order,
            invoice=self.pick((invoice, None)),
            amount_minor=self.pick((left, self.dice.randint(1, left))),
            accept_difference=self.chance(50),
            by=self.clerk,
            **beside,
        )
        return True

    def explain(self: Any) -> bool:
        """It is for an account of the books, with or without VAT."""
        money = self._open_money()
        if money is None:
            return False
        part = self.pick((money.left_minor, self.dice.randint(1, money.left_minor)))
        fees = Account.objects.get(role="bank_charges" if money.is_out else "interest_income")
        rate = self.pick((0, 0, 700, 1900))
        actions.explain(money=money, account=fees, amount_minor=part, vat_rate_bp=rate, by=self.clerk)
        return True

    def give_back(self: Any) -> bool:
        """It is not ours."""
        receipt = self.pick(Receipt.objects.filter(state__in=UNEXPLAINED).order_by("pk"))
        if receipt is None:
            return False
        actions.give_back(receipt=receipt, amount_minor=receipt.left_minor, reason="not ours", by=self.clerk)
        return True

    def transfers_leave(self: Any) -> bool:
        """Refunds by transfer and what was not ours leave our account; the line follows."""
        thing = self.pick(
            [
                *Refund.objects.to_transfer().order_by("pk"),
                *PayBack.objects.filter(state="requested").order_by("pk"),
            ]
        )
        if thing is None:
            return False
        name = f"{'REFUND' if isinstance(thing, Refund) else 'PAYBACK'}-{thing.pk:06d}"
        if isinstance(thing, Refund):
            done = note_refund_sent(refund=thing, reference=name, by=self.clerk)
        else:
            done = note_payback_sent(payback=thing, reference=name, by=self.clerk)
        if done:
            self.line(-thing.amount_minor, "Erstattung", name="Erika Beispiel", e2e=name)
        return done

    def undo(self: Any) -> bool:
        """A clerk takes an assignment back."""
        one = self.pick(Assignment.objects.filter(undone_at=None).order_by("pk"))
        if one is None:
            return False
        actions.undo(assignment=one, why="somebody else's", by=self.clerk)
        return True

    def withdraw(self: Any) -> bool:
        """Typed by hand, given to an order, and it was a slip: no file ever tells it."""
        order = self.pick(Order.objects.order_by("pk"))
        amount = self.dice.randint(1, 9_000)
        slip = actions.record(
            booked_on=today(), amount_minor=amount, reference=f"SLIP{self.next()}", by=self.clerk
        )
        if order is not None:
            actions.assign(
                receipt=slip, order=order, amount_minor=self.dice.randint(1, amount), by=self.clerk
            )
            self.outbox.drain()
        actions.withdraw(receipt=slip, why="a slip", by=self.clerk)
        return True

    def _iban_of(self: Any, user_id: int | None) -> str:
        digits = f"{37040044:08d}{user_id or 0:010d}"
        return f"DE{98 - int(digits + '131400') % 97:02d}{digits}"


def _entry(line: Line, day: str) -> Entry:
    sign = "CRDT" if line.amount > 0 else "DBIT"
    details = transaction(text=line.text, e2e=line.e2e, name=line.name, iban=line.iban, sign=sign)
    return Entry(_euros(abs(line.amount)), sign, day, line.ref, transactions=[details])


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
